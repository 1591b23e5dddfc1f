// See check_config.h.
// SPDX-License-Identifier: Apache-2.0
#include "config/check_config.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "config/parse_value.h"

namespace kv::config {
namespace {

constexpr uint64_t kMiB = 1ULL << 20;

class Problems {
  public:
    void add(const std::string& line) {
        if (!text_.empty()) text_ += '\n';
        text_ += line;
    }
    Status status() const { return text_.empty() ? Status::ok() : Status::invalid_argument(text_); }

  private:
    std::string text_;
};

void check_listen(const std::string& key, const std::string& value, bool allow_public,
                  Problems& problems) {
    auto listen = parse_listen_address(value);
    if (!listen.is_ok()) {
        problems.add(key + ": " + std::string(listen.error().message()));
    } else if (!listen->loopback && !allow_public) {
        problems.add(key + ": " + value +
                     " can be reached from other machines, and this version has no "
                     "authentication; listen on 127.0.0.1, or accept the risk with "
                     "--allow-public-bind (allow_public_bind = true, or "
                     "KVD_ALLOW_PUBLIC_BIND=true)");
    }
}

void check_listeners(const Config& config, Problems& problems) {
    check_listen("listen", config.listen, config.allow_public_bind, problems);
    if (config.admin_listen != "off") {
        problems.add("admin_listen: this version has no admin listener; set it to \"off\"");
    }
    if (config.resp_listen == "off") return;
    check_listen("resp_listen", config.resp_listen, config.allow_public_bind, problems);
    const auto native = parse_listen_address(config.listen);
    const auto resp = parse_listen_address(config.resp_listen);
    if (!native.is_ok() || !resp.is_ok() || native->port == 0) return;
    if (native->host == resp->host && native->port == resp->port) {
        problems.add("resp_listen: " + config.resp_listen +
                     " is the address of listen as well; give each a port of its own, or set "
                     "resp_listen to \"off\"");
    }
}

void check_log_file(const std::string& file, Problems& problems) {
    if (file.empty()) return;
    const size_t slash = file.rfind('/');
    const std::string directory = slash == std::string::npos ? "."
                                  : slash == 0               ? "/"
                                                             : file.substr(0, slash);
    struct stat info {};
    if (stat(directory.c_str(), &info) != 0) {
        problems.add("log.file: directory " + directory + ": " + std::strerror(errno) +
                     "; make it first, or correct log.file");
    } else if (!S_ISDIR(info.st_mode)) {
        problems.add("log.file: " + directory + " is not a directory");
    } else if (stat(file.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
        problems.add("log.file: " + file + " is a directory; name a file in it");
    }
}

/// As the engine derives it where it is not set.
uint64_t memtable_bytes(const Options& engine) {
    if (engine.memtable_bytes != 0) return engine.memtable_bytes;
    return std::clamp(engine.memory_budget_bytes / 8, kMiB, 64 * kMiB);
}

/// What the store keeps free of its disk budget: every memtable as a table, the next two log
/// segments, a merge of a few tables.
uint64_t disk_reserve_bytes(const Options& engine) {
    return 4 * memtable_bytes(engine) + 2 * engine.wal_segment_bytes + 4 * engine.table_bytes;
}

void check_budgets(const Options& engine, Problems& problems) {
    const uint64_t memory = engine.memory_budget_bytes;
    if (memory / 2 < engine.memtable_bytes ||
        memory - 2 * engine.memtable_bytes < engine.block_cache_bytes) {
        problems.add("engine.memory_budget: " + format_size(memory) +
                     " must hold engine.memtable_size (" + format_size(engine.memtable_bytes) +
                     ") twice and engine.block_cache_size (" +
                     format_size(engine.block_cache_bytes) + "); raise it, or lower them");
    }
    const uint64_t least = least_disk_budget_bytes(engine);
    if (engine.disk_budget_bytes == 0 || engine.disk_budget_bytes >= least) return;
    problems.add("engine.disk_budget: " + format_size(engine.disk_budget_bytes) +
                 " is too small, " + format_size(least) +
                 " is the least here: twice the reserve for flush and compaction, which is 4 x " +
                 format_size(memtable_bytes(engine)) + " (engine.memtable_size) + 2 x " +
                 format_size(engine.wal_segment_bytes) + " (engine.wal_segment_size) + 4 x " +
                 format_size(engine.table_bytes) +
                 " (engine.table_size); raise it, lower them, or set 0 for no bound");
}

void check_network_memory(const Config& config, Problems& problems) {
    const uint64_t memory = config.limits.network_memory_bytes;
    if (memory < config.limits.unread_reply_bytes) {
        problems.add("limits.network_memory: must not be below limits.unread_reply_size (" +
                     format_size(config.limits.unread_reply_bytes) + ")");
    }
    const uint64_t least = least_network_memory_bytes(config.engine);
    if (memory >= least) return;
    problems.add("limits.network_memory: " + format_size(memory) +
                 " does not hold the largest request that is allowed, for which " +
                 format_size(least) + " is the least: 9/8 of engine.max_value_size (" +
                 format_size(config.engine.max_value_bytes) + ") or engine.max_batch_size (" +
                 format_size(config.engine.max_batch_bytes) +
                 "), the larger one, and 1MiB; raise it, or lower them");
}

}  // namespace

uint64_t least_network_memory_bytes(const Options& engine) {
    // The frame around it, and the eighth by which a receive buffer grows past what it needs.
    const uint64_t frame = std::max(engine.max_batch_bytes, engine.max_value_bytes) + kMiB;
    return (frame + frame / 8 + kMiB - 1) / kMiB * kMiB;
}

uint64_t least_disk_budget_bytes(const Options& engine) { return 2 * disk_reserve_bytes(engine); }

Status check_config(const Config& config) {
    Problems problems;
    if (config.data_dir.empty()) problems.add("data_dir: must not be empty");
    check_listeners(config, problems);
    check_log_file(config.log_file, problems);
    const Options& engine = config.engine;
    check_budgets(engine, problems);
    if (engine.level0_stop_trigger <= engine.level0_compaction_trigger) {
        problems.add(
            "engine.level0_stop_trigger: must be above engine.level0_compaction_trigger (" +
            std::to_string(engine.level0_compaction_trigger) + ")");
    }
    check_network_memory(config, problems);
    return problems.status();
}

}  // namespace kv::config
