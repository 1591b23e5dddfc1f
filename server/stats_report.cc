// See stats_report.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/stats_report.h"

#include <algorithm>
#include <utility>

namespace kv::server {
namespace {

void add_engine(const StoreStats& stats, std::vector<Stat>& out) {
    const auto add = [&](const char* name, uint64_t value) {
        out.push_back({std::string("engine.") + name, std::to_string(value)});
    };
    out.push_back({"engine.state", std::string(store_state_name(stats.state))});
    out.push_back({"engine.state_reason", stats.state_reason});
    add("published_seqno", stats.published_seqno);
    add("durable_seqno", stats.durable_seqno);
    add("commit_groups", stats.commit_groups);
    add("writes", stats.writes);
    add("mutations", stats.mutations);
    add("log_syncs", stats.log_syncs);
    add("log_bytes", stats.log_bytes);
    add("gets", stats.gets);
    add("get_hits", stats.get_hits);
    add("iterators", stats.iterators);
    add("flushes", stats.flushes);
    add("flush_bytes", stats.flush_bytes);
    add("compactions", stats.compactions);
    add("compaction_read_bytes", stats.compaction_read_bytes);
    add("compaction_written_bytes", stats.compaction_written_bytes);
    add("entries_dropped_shadowed", stats.entries_dropped_shadowed);
    add("entries_dropped_tombstone", stats.entries_dropped_tombstone);
    add("entries_dropped_expired", stats.entries_dropped_expired);
    add("cache_hits", stats.cache_hits);
    add("cache_misses", stats.cache_misses);
    add("cache_bytes", stats.cache_bytes);
    add("filter_checks", stats.filter_checks);
    add("filter_skips", stats.filter_skips);
    add("memtable_bytes", stats.memtable_bytes);
    add("immutable_memtables", stats.immutable_memtables);
    add("wal_segments", stats.wal_segments);
    add("wal_bytes", stats.wal_bytes);
    add("open_snapshots", stats.open_snapshots);
    add("write_stall_us", stats.write_stall_us);
    for (size_t level = 0; level < stats.levels.size(); ++level) {
        const std::string prefix = "level" + std::to_string(level) + ".";
        add((prefix + "tables").c_str(), stats.levels[level].tables);
        add((prefix + "bytes").c_str(), stats.levels[level].bytes);
        add((prefix + "entries").c_str(), stats.levels[level].entries);
        add((prefix + "tombstones").c_str(), stats.levels[level].tombstones);
    }
}

void add_server(SharedState& shared, std::vector<Stat>& out) {
    for (size_t i = 0; i < kCounterCount; ++i) {
        const auto counter = static_cast<Counter>(i);
        out.push_back(
            {"server." + std::string(kCounterNames[i]), std::to_string(shared.total(counter))});
    }
    const uint64_t uptime_us = shared.clock.monotonic_us() - shared.started_us;
    out.push_back({"server.version", std::string(server_version())});
    out.push_back({"server.uptime_s", std::to_string(uptime_us / 1'000'000)});
    out.push_back({"server.connections", std::to_string(shared.census.connections())});
    out.push_back({"server.network_memory_bytes", std::to_string(shared.memory.used())});
    out.push_back({"server.open_snapshots", std::to_string(shared.snapshots.size())});
    out.push_back({"server.queued_reads", std::to_string(shared.pool.queued())});
}

}  // namespace

std::vector<Stat> collect_stats(SharedState& shared, std::string_view prefix) {
    std::vector<Stat> stats;
    add_engine(shared.db.stats(), stats);
    add_server(shared, stats);
    std::erase_if(stats, [&](const Stat& stat) { return !stat.name.starts_with(prefix); });
    std::sort(stats.begin(), stats.end(),
              [](const Stat& a, const Stat& b) { return a.name < b.name; });
    return stats;
}

}  // namespace kv::server
