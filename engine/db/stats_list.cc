// StoreStats as names and texts: kv/stats.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "kv/stats.h"

namespace kv {

namespace {

struct Field {
    const char* name;
    uint64_t StoreStats::*member;
};

constexpr Field kFields[] = {
    {"published_seqno", &StoreStats::published_seqno},
    {"durable_seqno", &StoreStats::durable_seqno},
    {"commit_groups", &StoreStats::commit_groups},
    {"writes", &StoreStats::writes},
    {"mutations", &StoreStats::mutations},
    {"log_syncs", &StoreStats::log_syncs},
    {"log_bytes", &StoreStats::log_bytes},
    {"gets", &StoreStats::gets},
    {"get_hits", &StoreStats::get_hits},
    {"iterators", &StoreStats::iterators},
    {"flushes", &StoreStats::flushes},
    {"flush_bytes", &StoreStats::flush_bytes},
    {"compactions", &StoreStats::compactions},
    {"compaction_read_bytes", &StoreStats::compaction_read_bytes},
    {"compaction_written_bytes", &StoreStats::compaction_written_bytes},
    {"entries_dropped_shadowed", &StoreStats::entries_dropped_shadowed},
    {"entries_dropped_tombstone", &StoreStats::entries_dropped_tombstone},
    {"entries_dropped_expired", &StoreStats::entries_dropped_expired},
    {"cache_hits", &StoreStats::cache_hits},
    {"cache_misses", &StoreStats::cache_misses},
    {"cache_bytes", &StoreStats::cache_bytes},
    {"cache_capacity_bytes", &StoreStats::cache_capacity_bytes},
    {"row_hits", &StoreStats::row_hits},
    {"row_cache_bytes", &StoreStats::row_cache_bytes},
    {"filter_checks", &StoreStats::filter_checks},
    {"filter_skips", &StoreStats::filter_skips},
    {"memtable_bytes", &StoreStats::memtable_bytes},
    {"immutable_memtables", &StoreStats::immutable_memtables},
    {"table_memory_bytes", &StoreStats::table_memory_bytes},
    {"memory_budget_bytes", &StoreStats::memory_budget_bytes},
    {"memory_used_bytes", &StoreStats::memory_used_bytes},
    {"disk_budget_bytes", &StoreStats::disk_budget_bytes},
    {"disk_used_bytes", &StoreStats::disk_used_bytes},
    {"wal_segments", &StoreStats::wal_segments},
    {"wal_bytes", &StoreStats::wal_bytes},
    {"open_snapshots", &StoreStats::open_snapshots},
    {"write_stall_us", &StoreStats::write_stall_us},
    {"delayed_writes", &StoreStats::delayed_writes},
    {"refused_writes", &StoreStats::refused_writes},
    {"no_room_writes", &StoreStats::no_room_writes},
    {"failed_reads", &StoreStats::failed_reads},
};

constexpr struct {
    const char* name;
    uint64_t LevelStats::*member;
} kLevelFields[] = {
    {"tables", &LevelStats::tables},
    {"bytes", &LevelStats::bytes},
    {"entries", &LevelStats::entries},
    {"tombstones", &LevelStats::tombstones},
    {"written_bytes", &LevelStats::written_bytes},
};

constexpr struct {
    const char* name;
    uint64_t StageStats::*member;
} kStageFields[] = {
    {"count", &StageStats::count},   {"p50_us", &StageStats::p50_us},
    {"p99_us", &StageStats::p99_us}, {"p999_us", &StageStats::p999_us},
    {"max_us", &StageStats::max_us},
};

std::string ratio_text(double ratio) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", ratio);
    return text;
}

double share(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string_view store_state_name(StoreState state) {
    switch (state) {
        case StoreState::kOk:
            return "ok";
        case StoreState::kReadOnly:
            return "read_only";
        case StoreState::kNoSpace:
            return "no_space";
        case StoreState::kFailed:
            return "failed";
    }
    return "unknown";
}

double StoreStats::write_amplification() const {
    return share(flush_bytes + compaction_written_bytes, flush_bytes);
}

double StoreStats::space_amplification() const {
    uint64_t total = 0, deepest = 0;
    for (const LevelStats& level : levels) {
        total += level.bytes;
        if (level.bytes != 0) deepest = level.bytes;
    }
    return share(total, deepest);
}

std::vector<StatText> list_stats(const StoreStats& stats) {
    std::vector<StatText> out;
    out.push_back({"state", std::string(store_state_name(stats.state))});
    out.push_back({"state_reason", stats.state_reason});
    for (const Field& field : kFields)
        out.push_back({field.name, std::to_string(stats.*field.member)});
    out.push_back({"write_amplification", ratio_text(stats.write_amplification())});
    out.push_back({"space_amplification", ratio_text(stats.space_amplification())});
    out.push_back({"cache_hit_rate",
                   ratio_text(share(stats.cache_hits, stats.cache_hits + stats.cache_misses))});
    out.push_back({"filter_skip_rate", ratio_text(share(stats.filter_skips, stats.filter_checks))});
    for (size_t level = 0; level < stats.levels.size(); ++level) {
        for (const auto& field : kLevelFields)
            out.push_back({"level" + std::to_string(level) + "." + field.name,
                           std::to_string(stats.levels[level].*field.member)});
    }
    for (const StageStats& stage : stats.stages) {
        for (const auto& field : kStageFields)
            out.push_back({"stage." + std::string(stage.name) + "." + field.name,
                           std::to_string(stage.*field.member)});
    }
    return out;
}

}  // namespace kv
