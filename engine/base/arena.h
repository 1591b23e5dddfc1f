// Arena: memory that is handed out in small pieces and given back all at once. The memtable's nodes
// live in one, so nothing a reader may still look at is ever freed before the whole memtable.
//
// It begins with small blocks, so that a store with ten keys stays small, and goes on with those of
// a BlockPool. Thread rule: one thread allocates; memory_bytes() may be read from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/block_pool.h"

namespace kv {

class Arena {
  public:
    /// `pool` may be null: then all blocks come from the heap.
    explicit Arena(std::shared_ptr<BlockPool> pool = nullptr) : pool_(std::move(pool)) {}
    ~Arena() {
        for (char* block : pooled_) pool_->give_back(block);
    }
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    /// `bytes` of uninitialised memory, aligned to 8, valid until the arena is destroyed.
    char* allocate(size_t bytes) {
        bytes = (bytes + kAlignment - 1) & ~(kAlignment - 1);
        if (bytes > static_cast<size_t>(end_ - next_)) [[unlikely]]
            return allocate_from_new_block(bytes);
        char* result = next_;
        next_ += bytes;
        return result;
    }

    /// Bytes of all blocks, unused ends included.
    size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

  private:
    static constexpr size_t kAlignment = 8;
    static constexpr size_t kFirstBlockBytes = 4096;
    static constexpr size_t kLargestHeapBlockBytes = 1U << 20;

    char* allocate_from_new_block(size_t bytes) {
        // A big piece gets a block of its own, so that the rest of the current one is not wasted.
        if (bytes > block_bytes_ / 4) return new_heap_block(bytes);
        if (pool_ != nullptr && block_bytes_ == kLargestHeapBlockBytes) {
            pooled_.push_back(pool_->take());
            count(BlockPool::kBlockBytes + sizeof(pooled_[0]));
            next_ = pooled_.back();
            end_ = next_ + BlockPool::kBlockBytes;
        } else {
            next_ = new_heap_block(block_bytes_);
            end_ = next_ + block_bytes_;
            if (block_bytes_ < kLargestHeapBlockBytes) block_bytes_ *= 2;
        }
        char* result = next_;
        next_ += bytes;
        return result;
    }

    char* new_heap_block(size_t bytes) {
        blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
        count(bytes + sizeof(blocks_[0]));
        return blocks_.back().get();
    }

    void count(size_t bytes) {
        memory_bytes_.store(memory_bytes() + bytes, std::memory_order_relaxed);
    }

    const std::shared_ptr<BlockPool> pool_;
    char* next_ = nullptr;
    char* end_ = nullptr;
    size_t block_bytes_ = kFirstBlockBytes;
    std::vector<std::unique_ptr<char[]>> blocks_;
    std::vector<char*> pooled_;
    std::atomic<size_t> memory_bytes_{0};
};

}  // namespace kv
