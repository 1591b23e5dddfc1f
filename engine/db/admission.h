// Admission: how fast writes are let in while flush and compaction lag behind.
//
// From the soft limits on, writes are admitted at a rate that falls as pressure rises, so that it
// settles where flush and compaction keep up and no write waits for long. Past the hard limits the
// store is overloaded: submitted writes are refused, saying when to try again.
//
// The rate is base * (1 - severity). `base` is how fast writes came before they were limited;
// severity is 0 at the soft limit and 1 at the hard one, of whatever is worst: level 0 tables,
// bytes that compaction must still move, memtables that wait for flush. A pure state machine: time
// comes from the caller. Thread rule: any thread; limits() and is_overloaded() are one atomic load.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "kv/options.h"

namespace kv::db {

class Admission {
  public:
    struct Limits {
        uint64_t soft_level0_tables = 0;
        uint64_t hard_level0_tables = 0;
        uint64_t soft_debt_bytes = 0;
        uint64_t hard_debt_bytes = 0;
        uint64_t most_immutables = 0;
    };
    /// What presses on the store at one moment.
    struct Pressure {
        uint64_t level0_tables = 0;
        uint64_t debt_bytes = 0;     ///< compaction_debt_bytes.
        uint64_t stored_bytes = 0;   ///< In tables: a large store owes more at rest.
        uint64_t immutables = 0;     ///< Memtables that wait for flush.
        uint64_t written_bytes = 0;  ///< To the log, since the start.
    };
    static Limits limits_for(const Options& options);

    explicit Admission(const Limits& limits) : limits_(limits) {}
    Admission(const Admission&) = delete;

    /// Whenever flush, compaction or a full memtable has changed something.
    void observe(const Pressure& pressure, uint64_t now_us);

    /// False: nothing to ask or to tell below.
    bool limits() const { return limits_writes_.load(std::memory_order_relaxed); }
    bool is_overloaded() const { return overloaded_.load(std::memory_order_relaxed); }
    /// How long the next commit group has to wait; 0: not at all. Never much: see kLongestWaitUs.
    uint64_t wait_us(uint64_t now_us) const;
    /// A group of `bytes` went ahead.
    void admitted(uint64_t bytes, uint64_t now_us);
    /// UINT64_MAX while nothing limits it.
    uint64_t bytes_per_second() const;

    /// Groups go ahead of their time by so much: fewer pauses of a length that compaction can use,
    /// so that fewer writes meet one.
    static constexpr uint64_t kGrainUs = 4000;
    static constexpr uint64_t kLongestWaitUs = 20'000;
    static constexpr uint64_t kSmallestBase = 32U << 20;
    /// What a refused writer is told to wait: a few times what a small compaction job takes.
    static constexpr uint64_t kRetryAfterMs = 100;

  private:
    double severity(const Pressure& pressure) const;
    void measure_base(const Pressure& pressure, uint64_t now_us);

    const Limits limits_;
    std::atomic<bool> limits_writes_{false};
    std::atomic<bool> overloaded_{false};

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    uint64_t base_ = kSmallestBase;     // bytes a second
    uint64_t rate_ = UINT64_MAX;        // bytes a second
    double next_us_ = 0;                // when the bytes admitted so far were due
    uint64_t measured_us_ = 0;          // start of the measurement under way
    uint64_t measured_from_bytes_ = 0;  // written_bytes then
};

}  // namespace kv::db
