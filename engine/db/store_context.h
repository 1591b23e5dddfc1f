// StoreContext: what every part of an open store shares: the seams, the options, the gate and the
// counters. Set up once by open; lives as long as the store.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/block_pool.h"
#include "base/latency_histogram.h"
#include "db/disk_budget.h"
#include "db/gate.h"
#include "kv/clock.h"
#include "kv/executor.h"
#include "kv/file_system.h"
#include "kv/log_throttle.h"
#include "kv/options.h"
#include "version/version_edit.h"

namespace kv::db {

/// Counters since open. Relaxed: each is exact, a set of them is not one moment.
struct Counters {
    using Counter = std::atomic<uint64_t>;
    Counter commit_groups{0}, writes{0}, mutations{0}, log_syncs{0}, log_bytes{0};
    Counter gets{0}, get_hits{0}, iterators{0}, filter_checks{0}, filter_skips{0};
    Counter flushes{0}, flush_bytes{0}, compactions{0};
    Counter compaction_read_bytes{0}, compaction_written_bytes{0};
    Counter dropped_shadowed{0}, dropped_tombstone{0}, dropped_expired{0};
    Counter write_stall_us{0}, delayed_writes{0}, refused_writes{0}, no_room_writes{0};
    Counter failed_reads{0};

    static void add(Counter& counter, uint64_t n) {
        counter.fetch_add(n, std::memory_order_relaxed);
    }
    /// The same, cheaper, for a counter that has one writer at a time.
    static void add_alone(Counter& counter, uint64_t n) {
        counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
};

/// How long each stage took. Taken where the clock costs little beside the work: once a sync, once
/// a job, once in kGetSample gets.
struct Latencies {
    LatencyHistogram write;      ///< Durable writes: from joining a group to their answer.
    LatencyHistogram log_write;  ///< Handing what a sync will cover to the operating system.
    LatencyHistogram log_sync;   ///< fdatasync of the log.
    LatencyHistogram get;
    LatencyHistogram flush;
    LatencyHistogram compaction;

    static constexpr uint32_t kGetSample = 64;
};

struct StoreContext {
    std::string dir;
    Options options;
    FileSystem& fs;
    Clock& clock;
    Executor& executor;
    std::shared_ptr<Gate> gate;
    Counters counters{};
    Latencies latencies{};
    DiskBudget disk{options};
    /// What memtables are made of. They may outlive the store.
    std::shared_ptr<BlockPool> memtable_blocks{std::make_shared<BlockPool>(options.memtable_bytes)};
    /// Bytes written into each level by flush and compaction.
    std::array<std::atomic<uint64_t>, kLevels> level_written_bytes{};
    /// Deletions up to here may have been forgotten by compaction: of a key without any version,
    /// nobody can say that it was not deleted since an older seqno. Set before the version that
    /// forgets.
    std::atomic<Seqno> forgotten_seqno{0};
    static constexpr uint64_t kLogPauseUs = 10'000'000;
    LogThrottle read_failure{kLogPauseUs}, refusal{kLogPauseUs}, no_room{kLogPauseUs};
    /// The log says that there is no room, and not yet that there is some again.
    std::atomic<bool> told_no_room{false};

    void log(LogLevel level, std::string_view line) const {
        if (options.log) options.log(level, line);
    }
    /// Logs what `text` returns unless the throttle says no. Whether it did.
    template <typename Text>
    bool log_rarely(LogThrottle& throttle, LogLevel level, const Text& text) const {
        uint64_t suppressed = 0;
        if (!throttle.allow(clock.monotonic_us(), suppressed)) return false;
        log(level, text() + LogThrottle::tail(suppressed));
        return true;
    }
    /// A read has failed: its caller is told, and here the operator is.
    void note_failed_read(const Status& status) {
        if (!status.is(Code::kCorruption) && !status.is(Code::kIoError)) return;
        Counters::add(counters.failed_reads, 1);
        log_rarely(read_failure, LogLevel::kError,
                   [&] { return "read failed: " + status.to_string(); });
    }
    /// Posts a job that the store's closing waits for. Dropped once closing has begun.
    void post(Lane lane, Executor::Job job) {
        if (!gate->enter()) return;
        // After leave the store may be gone: the job keeps what leave itself needs.
        executor.post(lane, [entry = gate, &lanes = executor, job = std::move(job)] {
            job();
            entry->leave(lanes);
        });
    }
    /// Posts a job that is posted again for as long as it returns true, and that the store's
    /// closing waits for. False, and nothing is posted, once closing has begun.
    bool post_repeating(Lane lane, std::function<bool()> job) {
        if (!gate->enter()) return false;
        repeat(gate, executor, lane, std::move(job));
        return true;
    }
    /// The same after a delay; dropped if the store has closed by then.
    void post_after(Lane lane, uint64_t delay_ms, Executor::Job job) {
        executor.post_after(lane, delay_ms,
                            [entry = gate, &lanes = executor, job = std::move(job)] {
                                if (!entry->enter()) return;
                                job();
                                entry->leave(lanes);
                            });
    }

  private:
    static void repeat(std::shared_ptr<Gate> entry, Executor& lanes, Lane lane,
                       std::function<bool()> job) {
        lanes.post(lane, [entry = std::move(entry), &lanes, lane, job = std::move(job)]() mutable {
            if (job()) {
                repeat(std::move(entry), lanes, lane, std::move(job));
            } else {
                entry->leave(lanes);
            }
        });
    }
};

}  // namespace kv::db
