// Arena: memory that is handed out in small pieces and given back all at once. The memtable's nodes
// live in one, so nothing a reader may still look at is ever freed before the whole memtable.
// Thread rule: one thread allocates; memory_bytes() may be read from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace kv {

class Arena {
  public:
    Arena() = default;
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

    /// Bytes taken from the heap, unused ends of blocks included.
    size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

  private:
    static constexpr size_t kAlignment = 8;
    static constexpr size_t kFirstBlockBytes = 4096;  // a store with ten keys should stay small
    static constexpr size_t kLargestBlockBytes = 1U << 20;

    char* allocate_from_new_block(size_t bytes) {
        // A big piece gets a block of its own, so that the rest of the current one is not wasted.
        if (bytes > block_bytes_ / 4) return new_block(bytes);
        next_ = new_block(block_bytes_);
        end_ = next_ + block_bytes_;
        block_bytes_ = std::min(block_bytes_ * 2, kLargestBlockBytes);
        char* result = next_;
        next_ += bytes;
        return result;
    }

    char* new_block(size_t bytes) {
        blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
        memory_bytes_.store(memory_bytes() + bytes + sizeof(blocks_[0]), std::memory_order_relaxed);
        return blocks_.back().get();
    }

    char* next_ = nullptr;
    char* end_ = nullptr;
    size_t block_bytes_ = kFirstBlockBytes;
    std::vector<std::unique_ptr<char[]>> blocks_;
    std::atomic<size_t> memory_bytes_{0};
};

}  // namespace kv
