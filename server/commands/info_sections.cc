// The sections of INFO about the store and what was done with it. See info_text.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "server/commands/command_table.h"
#include "server/commands/info_text.h"
#include "server/stats_report.h"

namespace kv::server {
namespace {

std::string_view ok_if(bool ok) { return ok ? "ok" : "err"; }

/// Prefixes the names of collect_stats for tools that take letters, digits and '_' only.
std::string info_name(std::string_view name) {
    std::string text = "kvd_" + std::string(name);
    std::replace(text.begin(), text.end(), '.', '_');
    return text;
}

void add_command(const InfoSource& source, const Command& command, InfoText& info) {
    const CommandTotals totals = totals_of(source.shared.command_stats, command);
    if (totals.calls + totals.rejected == 0) return;
    InfoText per_call;
    per_call.add_real("",
                      totals.calls == 0
                          ? 0
                          : static_cast<double>(totals.time_us) / static_cast<double>(totals.calls),
                      2);
    const std::string& line = per_call.text();
    info.add("cmdstat_" + std::string(command.name),
             "calls=" + std::to_string(totals.calls) + ",usec=" + std::to_string(totals.time_us) +
                 ",usec_per_call=" + line.substr(1, line.size() - 3) +
                 ",rejected_calls=" + std::to_string(totals.rejected) +
                 ",failed_calls=" + std::to_string(totals.failed));
}

/// As CONFIG latency-tracking-info-percentiles tells.
struct Percentile {
    std::string_view name;
    double percent;
};
constexpr std::array kPercentiles{Percentile{"p50", 50}, Percentile{"p99", 99},
                                  Percentile{"p99.9", 99.9}};

/// The time in microseconds within which so many percent of the calls ended, by the upper end of
/// the bucket that holds the last of them. Requires calls.
uint64_t time_within_us(const CommandTotals& totals, double percent) {
    const uint64_t calls = std::accumulate(totals.buckets.begin(), totals.buckets.end(), 0ULL);
    const auto wanted = std::max<uint64_t>(
        1, static_cast<uint64_t>(percent / 100 * static_cast<double>(calls) + 0.5));
    uint64_t seen = 0;
    for (size_t i = 0; i < totals.buckets.size(); ++i) {
        seen += totals.buckets[i];
        if (seen >= wanted) return 1ULL << i;
    }
    return 1ULL << (totals.buckets.size() - 1);
}

}  // namespace

void info_persistence(const InfoSource& source, InfoText& info) {
    const StoreStats& stats = source.store.stats;
    const bool ok = stats.state == StoreState::kOk;
    info.section("Persistence");
    info.add("loading", 0);
    info.add("async_loading", 0);
    info.add("rdb_changes_since_last_save", stats.published_seqno > stats.durable_seqno
                                                ? stats.published_seqno - stats.durable_seqno
                                                : 0);
    info.add("rdb_bgsave_in_progress", 0);
    info.add("rdb_last_save_time", source.shared.last_save_s.load());
    info.add("rdb_last_bgsave_status", ok_if(ok));
    info.add("rdb_last_bgsave_time_sec", 0);
    info.add("rdb_current_bgsave_time_sec", -1);
    info.add("aof_enabled", 1);
    info.add("aof_rewrite_in_progress", 0);
    info.add("aof_rewrite_scheduled", 0);
    info.add("aof_last_rewrite_time_sec", -1);
    info.add("aof_current_rewrite_time_sec", -1);
    info.add("aof_last_bgrewrite_status", "ok");
    info.add("aof_last_write_status", ok_if(ok));
    info.add("aof_current_size", stats.wal_bytes);
    info.add("aof_base_size", 0);
    info.add("aof_pending_rewrite", 0);
    info.add("aof_buffer_length", 0);
    info.add("aof_delayed_fsync", 0);
}

void info_stats(const InfoSource& source, InfoText& info) {
    SharedState& shared = source.shared;
    const InfoCounts counts = shared.info_baseline.since(count_all(shared, source.store.stats));
    const uint64_t calls = calls_of(shared.command_stats);
    info.section("Stats");
    info.add("total_connections_received", counts.connections);
    info.add("total_commands_processed", calls);
    info.add("instantaneous_ops_per_sec", shared.command_rate.per_second(source.now_us, calls));
    info.add("total_net_input_bytes", counts.input_bytes);
    info.add("total_net_output_bytes", counts.output_bytes);
    info.add("instantaneous_input_kbps", "0.00");
    info.add("instantaneous_output_kbps", "0.00");
    info.add("rejected_connections", counts.rejected_connections);
    info.add("sync_full", 0);
    info.add("sync_partial_ok", 0);
    info.add("sync_partial_err", 0);
    info.add("expired_keys", counts.expired_keys);
    info.add("evicted_keys", 0);
    info.add("evicted_clients", 0);
    info.add("keyspace_hits", counts.hits);
    info.add("keyspace_misses", counts.misses);
    info.add("pubsub_channels", shared.pubsub.channel_count());
    info.add("pubsub_patterns", shared.pubsub.pattern_count());
    info.add("pubsubshard_channels", 0);
    info.add("latest_fork_usec", 0);
    info.add("total_forks", 0);
    info.add("migrate_cached_sockets", 0);
    info.add("slave_expires_tracked_keys", 0);
    info.add("active_defrag_hits", 0);
    info.add("active_defrag_misses", 0);
    info.add("tracking_total_keys", 0);
    info.add("unexpected_error_replies", 0);
    info.add("total_error_replies", shared.error_stats.total());
    info.add("total_reads_processed", counts.socket_reads);
    info.add("total_writes_processed", counts.socket_writes);
}

void info_replication(const InfoSource&, InfoText& info) {
    info.section("Replication");
    info.add("role", "master");
    info.add("connected_slaves", 0);
    info.add("master_failover_state", "no-failover");
    info.add("master_replid", std::string(40, '0'));
    info.add("master_replid2", std::string(40, '0'));
    info.add("master_repl_offset", 0);
    info.add("second_repl_offset", -1);
    info.add("repl_backlog_active", 0);
    info.add("repl_backlog_size", 0);
    info.add("repl_backlog_first_byte_offset", 0);
    info.add("repl_backlog_histlen", 0);
}

void info_modules(const InfoSource&, InfoText& info) { info.section("Modules"); }

void info_commandstats(const InfoSource& source, InfoText& info) {
    info.section("Commandstats");
    for (size_t i = 0; i < command_count(); ++i) add_command(source, command_at(i), info);
}

void info_errorstats(const InfoSource& source, InfoText& info) {
    info.section("Errorstats");
    for (const auto& [code, count] : source.shared.error_stats.by_code()) {
        info.add("errorstat_" + code, "count=" + std::to_string(count));
    }
}

void info_latencystats(const InfoSource& source, InfoText& info) {
    info.section("Latencystats");
    for (size_t i = 0; i < command_count(); ++i) {
        const Command& command = command_at(i);
        const CommandTotals totals = totals_of(source.shared.command_stats, command);
        if (totals.calls == 0) continue;
        std::string line;
        for (const Percentile& each : kPercentiles) {
            if (!line.empty()) line += ',';
            line += std::string(each.name) + '=' +
                    std::to_string(time_within_us(totals, each.percent)) + ".000";
        }
        info.add("latency_percentiles_usec_" + std::string(command.name), line);
    }
}

void info_cluster(const InfoSource&, InfoText& info) {
    info.section("Cluster");
    info.add("cluster_enabled", 0);
}

void info_keyspace(const InfoSource& source, InfoText& info) {
    info.section("Keyspace");
    for (uint32_t database = 0; database < kDatabases; ++database) {
        const DatabaseReport& report = source.store.databases[database];
        if (report.keys == 0) continue;
        info.add("db" + std::to_string(database),
                 "keys=" + std::to_string(report.keys) +
                     ",expires=" + std::to_string(report.expiring) + ",avg_ttl=0");
    }
}

void info_kvd(const InfoSource& source, InfoText& info) {
    info.section("Kvd");
    for (const Stat& stat : collect_stats(source.shared, source.store.stats, "")) {
        info.add(info_name(stat.name), stat.value);
    }
}

}  // namespace kv::server
