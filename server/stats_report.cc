// See stats_report.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/stats_report.h"

#include <algorithm>
#include <utility>

namespace kv::server {
namespace {

void add_engine(const StoreStats& stats, std::vector<Stat>& out) {
    for (StatText& stat : list_stats(stats))
        out.push_back({"engine." + stat.name, std::move(stat.value)});
}

void add_server(const SharedState& shared, std::vector<Stat>& out) {
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

std::vector<Stat> collect_stats(const SharedState& shared, const StoreStats& engine,
                                std::string_view prefix) {
    std::vector<Stat> stats;
    add_engine(engine, stats);
    add_server(shared, stats);
    std::erase_if(stats, [&](const Stat& stat) { return !stat.name.starts_with(prefix); });
    std::sort(stats.begin(), stats.end(),
              [](const Stat& a, const Stat& b) { return a.name < b.name; });
    return stats;
}

}  // namespace kv::server
