// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "base/block_pool.h"

#include <sys/mman.h>

#include <new>

namespace kv {

namespace {

constexpr std::align_val_t kAlignment{BlockPool::kBlockBytes};

}  // namespace

BlockPool::~BlockPool() {
    for (char* block : spare_) ::operator delete(block, kAlignment);
}

char* BlockPool::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!spare_.empty()) {
            char* block = spare_.back();
            spare_.pop_back();
            return block;
        }
    }
    char* block = static_cast<char*>(::operator new(kBlockBytes, kAlignment));
    // Only advice: without huge pages all works, a little slower.
    (void)::madvise(block, kBlockBytes, MADV_HUGEPAGE);
    return block;
}

void BlockPool::give_back(char* block) {
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

}  // namespace kv
