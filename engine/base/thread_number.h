// Small numbers for threads, so that what is counted or cached per thread can live in an array.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kv {

/// The calling thread's number: unique among living threads, as small as possible, given back when
/// the thread ends. Costs a load after a thread's first call.
uint32_t thread_number();

/// kCount counters that threads add to without sharing a cache line: one cell for each of the first
/// kCells thread numbers, one for all others. A sum is exact for additions that happened before it.
template <size_t kCount>
class ThreadCounters {
  public:
    void add(size_t which, uint64_t n) {
        const uint32_t number = thread_number();
        if (number < kCells) [[likely]] {
            // The cell has one writer at a time: no read-modify-write is needed.
            std::atomic<uint64_t>& counter = cells_[number].values[which];
            counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
        } else {
            cells_[kCells].values[which].fetch_add(n, std::memory_order_relaxed);
        }
    }
    uint64_t sum(size_t which) const {
        uint64_t total = 0;
        for (const Cell& cell : cells_) total += cell.values[which].load(std::memory_order_relaxed);
        return total;
    }

  private:
    static constexpr size_t kCells = 64;
    struct alignas(64) Cell {
        std::array<std::atomic<uint64_t>, kCount> values{};
    };
    std::array<Cell, kCells + 1> cells_;
};

}  // namespace kv
