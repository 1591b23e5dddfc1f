// BlockMemory: where the blocks of a cache lie: one range of addresses on huge pages. A read of a
// large cache touches pages all over it, and with small ones the processor would wait at each of
// them for where it is.
//
// The range is reserved once and taken piece by piece as it is needed; inside it, Boost's best-fit
// allocator joins what is given back with its neighbours. It is never larger than asked for: what
// finds no room in it comes from the heap.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace kv {

class BlockMemory {
  public:
    /// For a cache of `capacity_bytes`. A small one has no range, and take() always says so.
    explicit BlockMemory(uint64_t capacity_bytes);
    /// All that was taken must have been given back.
    ~BlockMemory();
    BlockMemory(const BlockMemory&) = delete;
    BlockMemory& operator=(const BlockMemory&) = delete;

    /// Uninitialised memory, aligned to 16; null when there is no room for so much in one piece.
    void* take(size_t bytes);
    void give_back(void* memory);

    /// Of the range, those in use so far: what it may take of the machine's memory.
    uint64_t mapped_bytes() const;

  private:
    class Range;

    mutable std::mutex mutex_;
    std::unique_ptr<Range> range_;  // set once; what it holds is guarded by mutex_; null: none
};

}  // namespace kv
