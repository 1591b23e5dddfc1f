// What a store says about itself: counters, latencies, levels. Db::stats() fills it in; list_stats
// turns it into names and texts, which STATS on the wire, kvcli and kvtool print as they come.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kv/types.h"

namespace kv {

/// Engine states an operator must see (engine.md 9).
enum class StoreState : uint8_t { kOk, kReadOnly, kNoSpace, kFailed };
std::string_view store_state_name(StoreState state);

struct LevelStats {
    uint64_t tables = 0;
    uint64_t bytes = 0;
    uint64_t entries = 0;
    uint64_t tombstones = 0;
    uint64_t written_bytes = 0;  ///< Since open: by flushes into level 0, by compactions below.
};

/// Microseconds, since open. Percentiles are right to an eighth.
struct StageStats {
    std::string_view name;
    uint64_t count = 0;
    uint64_t p50_us = 0, p99_us = 0, p999_us = 0, max_us = 0;
};

/// Counters since open unless said otherwise.
struct StoreStats {
    StoreState state = StoreState::kOk;
    std::string state_reason;
    Seqno published_seqno = 0;
    Seqno durable_seqno = 0;
    uint64_t commit_groups = 0, writes = 0, mutations = 0, log_syncs = 0, log_bytes = 0;
    uint64_t gets = 0, get_hits = 0, iterators = 0;
    uint64_t flushes = 0, flush_bytes = 0, compactions = 0;
    uint64_t compaction_read_bytes = 0, compaction_written_bytes = 0;
    uint64_t entries_dropped_shadowed = 0, entries_dropped_tombstone = 0,
             entries_dropped_expired = 0;
    uint64_t cache_hits = 0, cache_misses = 0;
    uint64_t row_hits = 0;  ///< Gets that the row cache answered, which asked no table.
    uint64_t filter_checks = 0, filter_skips = 0;
    uint64_t write_stall_us = 0;  ///< Time in which writes waited and none was let in.
    uint64_t delayed_writes = 0;  ///< Writes that waited in such a time.
    uint64_t refused_writes = 0;  ///< Answered kOverloaded.
    uint64_t no_room_writes = 0;  ///< Answered kNoSpace, for the disk budget.
    uint64_t failed_reads =
        0;  ///< Gets, walks and preconditions that met damage or an error of the disk.
    // Now.
    uint64_t cache_bytes = 0, cache_capacity_bytes = 0;
    uint64_t row_cache_bytes = 0;  ///< 0: it would not pay at present, and has not yet.
    uint64_t memtable_bytes = 0, immutable_memtables = 0;
    uint64_t table_memory_bytes = 0;  ///< Indexes and filters of open tables.
    uint64_t memory_budget_bytes = 0, memory_used_bytes = 0;
    uint64_t disk_budget_bytes = 0, disk_used_bytes = 0;  ///< Budget 0: none.
    uint64_t wal_segments = 0, wal_bytes = 0;
    uint64_t open_snapshots = 0;
    std::vector<LevelStats> levels;
    std::vector<StageStats> stages;

    /// Bytes that flush and compaction wrote for one byte that flush wrote; 0 before the first.
    double write_amplification() const;
    /// Bytes of all tables for one byte of the deepest level in use; 0 without tables.
    double space_amplification() const;
};

struct StatText {
    std::string name;  ///< Lower case with dots: "level0.bytes", "stage.log_sync.p99_us".
    std::string value;
};
/// Everything in `stats`, in a fixed order.
std::vector<StatText> list_stats(const StoreStats& stats);

}  // namespace kv
