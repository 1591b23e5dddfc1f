// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "base/block_pool.h"

#include <sys/mman.h>

#include <new>

namespace kv {

namespace {

constexpr std::align_val_t kAlignment{BlockPool::kBlockBytes};
constexpr size_t kSmallPageBytes = 4096;  // where the system has no huge ones

}  // namespace

BlockPool::~BlockPool() {
    for (char* block : spare_) ::operator delete(block, kAlignment);
}

char* BlockPool::take() {
    char* block = nullptr;
    bool gets_low = false;
    {
        const std::lock_guard lock(mutex_);
        if (!spare_.empty()) {
            block = spare_.back();
            spare_.pop_back();
        }
        ++used_;
        gets_low = on_low_ != nullptr && !is_low_ && spare_.size() < ready_blocks();
        is_low_ |= gets_low;
    }
    if (gets_low) on_low_();
    if (block == nullptr) block = new_block();
    if (block != nullptr) return block;
    const std::lock_guard lock(mutex_);
    --used_;
    throw std::bad_alloc();
}

char* BlockPool::new_block() {
    auto* block = static_cast<char*>(::operator new(kBlockBytes, kAlignment, std::nothrow));
    // Only advice: without huge pages all works, a little slower.
    if (block != nullptr) (void)::madvise(block, kBlockBytes, MADV_HUGEPAGE);
    return block;
}

void BlockPool::refill() {
    while (true) {
        {
            const std::lock_guard lock(mutex_);
            is_low_ = spare_.size() < ready_blocks();
            if (!is_low_) return;
        }
        char* block = new_block();
        if (block == nullptr) {
            // Whoever needs it has to ask again, and finds out himself.
            const std::lock_guard lock(mutex_);
            is_low_ = false;
            return;
        }
        for (size_t at = 0; at < kBlockBytes; at += kSmallPageBytes) block[at] = 0;
        keep_or_free(block);
    }
}

void BlockPool::give_back(char* block) {
    {
        const std::lock_guard lock(mutex_);
        --used_;
    }
    keep_or_free(block);
}

void BlockPool::keep_or_free(char* block) {
    {
        const std::lock_guard lock(mutex_);
        if (spare_.size() < most_spare_) {
            spare_.push_back(block);
            return;
        }
    }
    ::operator delete(block, kAlignment);
}

size_t BlockPool::spare_bytes() const {
    const std::lock_guard lock(mutex_);
    return spare_.size() * kBlockBytes;
}

size_t BlockPool::used_bytes() const {
    const std::lock_guard lock(mutex_);
    return used_ * kBlockBytes;
}

}  // namespace kv
