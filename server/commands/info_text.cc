// See info_text.h. Here: the process, its memory and its clients.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/info_text.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>

#include "config/parse_value.h"
#include "server/process_usage.h"

namespace kv::server {
namespace {

std::string format_real(double value, int digits) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

std::string human(uint64_t bytes) {
    constexpr std::string_view kUnits = "BKMGTP";
    if (bytes < 1024) return std::to_string(bytes) + "B";
    auto value = static_cast<double>(bytes);
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    return format_real(value, 2) + kUnits[unit];
}

/// 40 hexadecimal digits that name this run of the daemon.
const std::string& run_id() {
    static const std::string id = [] {
        std::random_device random;
        std::string text;
        while (text.size() < 40) text += "0123456789abcdef"[random() % 16];
        return text;
    }();
    return id;
}

std::string system_name() {
    utsname name{};
    if (uname(&name) != 0) return "unknown";
    return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

uint16_t port_of(const std::string& address) {
    const auto parsed = config::parse_listen_address(address);
    return parsed.is_ok() ? parsed->port : uint16_t{0};
}

double ratio(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void InfoText::section(std::string_view title) {
    if (!text_.empty()) text_ += "\r\n";
    text_ += "# ";
    text_ += title;
    text_ += "\r\n";
}

void InfoText::add(std::string_view name, std::string_view value) {
    text_ += name;
    text_ += ':';
    text_ += value;
    text_ += "\r\n";
}

void InfoText::add_real(std::string_view name, double value, int digits) {
    add(name, format_real(value, digits));
}

void InfoText::add_bytes(std::string_view name, uint64_t bytes) {
    add(name, bytes);
    add(std::string(name) + "_human", human(bytes));
}

void info_server(const InfoSource& source, InfoText& info) {
    const SharedState& shared = source.shared;
    const uint64_t up_s = (source.now_us - shared.started_us) / 1'000'000;
    info.section("Server");
    info.add("redis_version", "7.0.15");
    info.add("redis_git_sha1", "00000000");
    info.add("redis_git_dirty", 0);
    info.add("redis_build_id", "0");
    info.add("redis_mode", "standalone");
    info.add("kvd_version", server_version());
    info.add("os", system_name());
    info.add("arch_bits", static_cast<int>(sizeof(void*) * 8));
    info.add("monotonic_clock", "POSIX clock_gettime");
    info.add("multiplexing_api", "epoll");
    info.add("gcc_version", __VERSION__);
    info.add("process_id", getpid());
    info.add("process_supervised", "no");
    info.add("run_id", run_id());
    info.add("tcp_port", port_of(shared.config.resp_listen));
    info.add("server_time_usec", shared.clock.wall_ms() * 1000);
    info.add("uptime_in_seconds", up_s);
    info.add("uptime_in_days", up_s / 86'400);
    info.add("hz", 10);
    info.add("configured_hz", 10);
    info.add("lru_clock", shared.clock.wall_ms() / 1000 & 0xFFFFFF);
    info.add("executable", "kvd");
    info.add("config_file", "");
    info.add("io_threads_active", shared.counters.size() > 1 ? 1 : 0);
}

void info_clients(const InfoSource& source, InfoText& info) {
    const SharedState& shared = source.shared;
    uint64_t most_input = 0, most_output = 0;
    size_t subscribed = 0;
    for (const auto& client : shared.clients.list()) {
        most_input = std::max(most_input, client->unread_input_bytes.load());
        most_output = std::max(most_output, client->unsent_reply_bytes.load());
        if (client->is_listening()) ++subscribed;
    }
    info.section("Clients");
    info.add("connected_clients", shared.clients.size());
    info.add("cluster_connections", 0);
    info.add("maxclients", shared.config.limits.connections);
    info.add("client_recent_max_input_buffer", most_input);
    info.add("client_recent_max_output_buffer", most_output);
    info.add("blocked_clients", 0);
    info.add("tracking_clients", 0);
    info.add("pubsub_clients", subscribed);
    info.add("clients_in_timeout_table", 0);
    info.add("kvd_native_clients", shared.census.connections() > shared.clients.size()
                                       ? shared.census.connections() - shared.clients.size()
                                       : 0);
}

void info_memory(const InfoSource& source, InfoText& info) {
    const StoreStats& stats = source.store.stats;
    const ProcessUsage usage = process_usage();
    const auto network = static_cast<uint64_t>(std::max<int64_t>(source.shared.memory.used(), 0));
    const uint64_t used = stats.memory_used_bytes + network;
    const uint64_t overhead = stats.table_memory_bytes + network;
    info.section("Memory");
    info.add_bytes("used_memory", used);
    info.add_bytes("used_memory_rss", usage.resident_bytes);
    info.add_bytes("used_memory_peak", usage.peak_resident_bytes);
    info.add("used_memory_peak_perc",
             format_real(ratio(used, usage.peak_resident_bytes) * 100, 2) + "%");
    info.add("used_memory_overhead", overhead);
    info.add("used_memory_startup", 0);
    info.add("used_memory_dataset", used - overhead);
    info.add("used_memory_dataset_perc", format_real(ratio(used - overhead, used) * 100, 2) + "%");
    info.add("allocator_allocated", used);
    info.add("allocator_active", usage.resident_bytes);
    info.add("allocator_resident", usage.resident_bytes);
    info.add_bytes("total_system_memory", usage.machine_bytes);
    info.add_bytes("used_memory_lua", 0);
    info.add_bytes("used_memory_scripts", 0);
    info.add("number_of_cached_scripts", 0);
    info.add_bytes("maxmemory", stats.memory_budget_bytes);
    info.add("maxmemory_policy", "noeviction");
    info.add_real("mem_fragmentation_ratio", ratio(usage.resident_bytes, used), 2);
    info.add("mem_fragmentation_bytes",
             static_cast<int64_t>(usage.resident_bytes) - static_cast<int64_t>(used));
    info.add("mem_clients_normal", network);
    info.add("mem_clients_slaves", 0);
    info.add("mem_aof_buffer", 0);
    info.add("mem_replication_backlog", 0);
    info.add("mem_allocator", "libc");
    info.add("active_defrag_running", 0);
    info.add("lazyfree_pending_objects", 0);
}

void info_cpu(const InfoSource&, InfoText& info) {
    const ProcessUsage usage = process_usage();
    info.section("CPU");
    info.add_real("used_cpu_sys", usage.system_s, 6);
    info.add_real("used_cpu_user", usage.user_s, 6);
    info.add_real("used_cpu_sys_children", 0, 6);
    info.add_real("used_cpu_user_children", 0, 6);
}

}  // namespace kv::server
