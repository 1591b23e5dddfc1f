// See settings.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/settings.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "config/parse_value.h"
#include "server/commands/argument_words.h"
#include "server/commands/databases.h"

namespace kv::server {
namespace {

using Source = const SettingSource&;

/// The same for every daemon.
template <size_t kSize>
struct Text {
    char bytes[kSize];
    consteval Text(const char (&text)[kSize]) { std::copy_n(text, kSize, bytes); }
};
template <Text kText>
std::string always(Source) {
    return kText.bytes;
}

std::string append_fsync(Source source) {
    switch (source.durability) {
        case Durability::kDisk:
            return "always";
        case Durability::kOs:
            return "everysec";
        case Durability::kMemory:
            break;
    }
    return "no";
}

std::string bind(Source source) {
    const auto address = config::parse_listen_address(source.shared.config.resp_listen);
    return address.is_ok() ? address->host : "";
}

std::string port(Source source) {
    const auto address = config::parse_listen_address(source.shared.config.resp_listen);
    return std::to_string(address.is_ok() ? address->port : 0);
}

std::string log_level(Source source) {
    const std::string& level = source.shared.config.log_level;
    if (level == "debug") return "debug";
    return level == "info" ? "notice" : "warning";
}

std::string directory(Source source) {
    std::error_code error;
    const auto path = std::filesystem::absolute(source.shared.config.data_dir, error);
    return error ? source.shared.config.data_dir : path.lexically_normal().string();
}

std::string output_limits(Source source) {
    const config::Limits& limits = source.shared.config.limits;
    const std::string limit = std::to_string(limits.unread_reply_bytes) + " " +
                              std::to_string(limits.unread_reply_bytes) + " " +
                              std::to_string(limits.slow_reader_timeout_ms / 1000);
    return "normal " + limit + " slave " + limit + " pubsub " + limit;
}

std::string databases(Source) { return std::to_string(kDatabases); }
std::string io_threads(Source source) { return std::to_string(source.shared.counters.size()); }
std::string log_file(Source source) { return source.shared.config.log_file; }
std::string max_bulk(Source source) {
    return std::to_string(source.shared.config.engine.max_value_bytes);
}
std::string max_clients(Source source) {
    return std::to_string(source.shared.config.limits.connections);
}
std::string max_memory(Source source) {
    return std::to_string(source.shared.config.engine.memory_budget_bytes);
}
std::string keepalive(Source source) {
    return std::to_string(source.shared.config.limits.keepalive_ms / 1000);
}
std::string timeout(Source source) {
    return std::to_string(source.shared.config.limits.idle_timeout_ms / 1000);
}
std::string shutdown_timeout(Source source) {
    return std::to_string(source.shared.config.limits.drain_timeout_ms / 1000);
}

std::string latency_threshold(Source source) {
    return std::to_string(source.shared.latency.threshold_ms());
}
void set_latency_threshold(SharedState& shared, int64_t ms) {
    shared.latency.set_threshold_ms(static_cast<uint64_t>(ms));
}
std::string slow_threshold(Source source) {
    return std::to_string(source.shared.slow_log.slower_than_us());
}
void set_slow_threshold(SharedState& shared, int64_t us) { shared.slow_log.set_slower_than_us(us); }
std::string slow_entries(Source source) {
    return std::to_string(source.shared.slow_log.capacity());
}
void set_slow_entries(SharedState& shared, int64_t entries) {
    shared.slow_log.set_capacity(static_cast<uint64_t>(entries));
}

constexpr std::array kSettings{
    Setting{"activedefrag", always<"no">},
    Setting{"appendfsync", append_fsync},
    Setting{"appendonly", always<"yes">},
    Setting{"auto-aof-rewrite-min-size", always<"67108864">},
    Setting{"auto-aof-rewrite-percentage", always<"0">},
    Setting{"bind", bind},
    Setting{"client-output-buffer-limit", output_limits},
    Setting{"cluster-enabled", always<"no">},
    Setting{"daemonize", always<"no">},
    Setting{"databases", databases},
    Setting{"dbfilename", always<"">},
    Setting{"dir", directory},
    Setting{"hz", always<"10">},
    Setting{"io-threads", io_threads},
    Setting{"latency-monitor-threshold", latency_threshold, set_latency_threshold, 0},
    Setting{"latency-tracking", always<"yes">},
    Setting{"latency-tracking-info-percentiles", always<"50 99 99.9">},
    Setting{"lazyfree-lazy-eviction", always<"yes">},
    Setting{"lazyfree-lazy-expire", always<"yes">},
    Setting{"lazyfree-lazy-server-del", always<"yes">},
    Setting{"lazyfree-lazy-user-del", always<"yes">},
    Setting{"lazyfree-lazy-user-flush", always<"yes">},
    Setting{"logfile", log_file},
    Setting{"loglevel", log_level},
    Setting{"maxclients", max_clients},
    Setting{"maxmemory", max_memory},
    Setting{"maxmemory-policy", always<"noeviction">},
    Setting{"maxmemory-samples", always<"5">},
    Setting{"min-replicas-to-write", always<"0">},
    Setting{"no-appendfsync-on-rewrite", always<"no">},
    Setting{"notify-keyspace-events", always<"">},
    Setting{"port", port},
    Setting{"protected-mode", always<"no">},
    Setting{"proto-max-bulk-len", max_bulk},
    Setting{"replica-read-only", always<"yes">},
    Setting{"replicaof", always<"">},
    Setting{"requirepass", always<"">},
    Setting{"save", always<"">},
    Setting{"shutdown-timeout", shutdown_timeout},
    Setting{"slaveof", always<"">},
    Setting{"slowlog-log-slower-than", slow_threshold, set_slow_threshold, -1},
    Setting{"slowlog-max-len", slow_entries, set_slow_entries, 0},
    Setting{"stop-writes-on-bgsave-error", always<"yes">},
    Setting{"tcp-backlog", always<"511">},
    Setting{"tcp-keepalive", keepalive},
    Setting{"timeout", timeout},
    Setting{"tls-port", always<"0">},
    Setting{"unixsocket", always<"">},
};
static_assert(std::ranges::is_sorted(kSettings, {}, &Setting::name));

}  // namespace

std::span<const Setting> settings() { return kSettings; }

const Setting* find_setting(std::string_view name) {
    const auto* found = std::ranges::find_if(
        kSettings, [&](const Setting& each) { return word_is(name, each.name); });
    return found == kSettings.end() ? nullptr : found;
}

}  // namespace kv::server
