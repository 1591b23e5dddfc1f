// HitStreak: how many point reads of one table in a row have found their key. While the run is
// long, whoever asks for keys knows that they are there, most likely, and a filter could only say
// so too: it is not asked. One key that is not there ends the run; that read looks into a block in
// vain, and the filter is asked again until the next long run.
//
// Thread rule: any thread. Threads that count at once may lose some of the count, never a miss for
// good: the next one ends the run too. In a long run nothing is written that others read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace kv::sstable {

class HitStreak {
  public:
    /// So many hits at least make a run long. A miss then costs what some thousand answers of a
    /// filter do, or less.
    static constexpr uint32_t kLong = 4096;

    bool is_long() const { return counted_.load(std::memory_order_relaxed) >= kLong / kOneOf; }
    void hit() {
        // Counting every one would let a cache line wander between all readers of a table.
        thread_local uint32_t hits = 0;
        if (++hits % kOneOf != 0) return;
        const uint32_t counted = counted_.load(std::memory_order_relaxed);
        if (counted < kLong / kOneOf) counted_.store(counted + 1, std::memory_order_relaxed);
    }
    void miss() {
        if (counted_.load(std::memory_order_relaxed) != 0)
            counted_.store(0, std::memory_order_relaxed);
    }

  private:
    static constexpr uint32_t kOneOf = 8;

    std::atomic<uint32_t> counted_{0};  // one of kOneOf hits of each thread
};

}  // namespace kv::sstable
