// config/check_config.h: settings that are good one by one and wrong together.
// SPDX-License-Identifier: Apache-2.0
#include "config/check_config.h"

#include <catch2/catch.hpp>
#include <string>

#include "kv/db.h"
#include "support/temp_dir.h"

namespace kv::config {
namespace {

std::string problems(const Config& config) { return std::string(check_config(config).message()); }
bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

constexpr uint64_t kMiB = 1ULL << 20;

}  // namespace

TEST_CASE("check_config: the defaults are good") { CHECK(check_config({}).is_ok()); }

TEST_CASE("check_config: every error has a line") {
    Config config;
    config.data_dir = "";
    config.admin_listen = "127.0.0.1:1";
    CHECK(contains(problems(config), "data_dir: must not be empty\nadmin_listen: "));
}

TEST_CASE("check_config: two listeners need two addresses, unless the system picks the ports") {
    Config config;
    config.listen = "127.0.0.1:7480";
    for (const char* same : {"127.0.0.1:7480", "localhost:7480"}) {
        config.resp_listen = same;
        CHECK(contains(problems(config), "is the address of listen as well"));
    }
    for (const char* other : {"127.0.0.1:7481", "127.0.0.2:7480", "[::1]:7480", "off"}) {
        config.resp_listen = other;
        CHECK(check_config(config).is_ok());
    }
    config.listen = config.resp_listen = "127.0.0.1:0";
    CHECK(check_config(config).is_ok());
}

TEST_CASE("check_config: a log file needs a directory that is there, and is none itself") {
    const test::TempDir dir;
    Config config;
    for (const std::string& good : {dir.file("kvd.log"), std::string("kvd.log")}) {
        config.log_file = good;
        CHECK(check_config(config).is_ok());
    }
    config.log_file = dir.file("no/kvd.log");
    CHECK(contains(problems(config),
                   "log.file: directory " + dir.file("no") + ": No such file or directory"));
    config.log_file = dir.path();
    CHECK(contains(problems(config), "is a directory; name a file in it"));
}

TEST_CASE("check_config: the memory budget must hold what is carved out of it") {
    Config config;
    config.engine.memory_budget_bytes = 32 * kMiB;
    config.engine.memtable_bytes = 16 * kMiB;
    CHECK(check_config(config).is_ok());
    config.engine.block_cache_bytes = kMiB;
    CHECK(contains(problems(config),
                   "engine.memory_budget: 32MiB must hold engine.memtable_size "
                   "(16MiB) twice and engine.block_cache_size (1MiB)"));
}

TEST_CASE("check_config: smaller requests need less network memory") {
    Config config;
    config.limits.network_memory_bytes = 33 * kMiB;
    config.engine.max_value_bytes = 16 * kMiB;
    config.engine.max_batch_bytes = 31 * kMiB;
    CHECK(contains(problems(config), "for which 36MiB is the least"));
    config.limits.network_memory_bytes = 36 * kMiB;
    CHECK(check_config(config).is_ok());
    CHECK(least_network_memory_bytes({}) == 75 * kMiB);  // as kvd.toml says
}

TEST_CASE("check_config: a disk budget below the least is refused with the keys and the sum") {
    Config config;
    config.engine.memory_budget_bytes = 32 * kMiB;
    config.engine.disk_budget_bytes = 256 * kMiB;
    CHECK(contains(problems(config),
                   "engine.disk_budget: 256MiB is too small, 800MiB is the least here"));
    CHECK(contains(problems(config),
                   "4 x 4MiB (engine.memtable_size) + 2 x 64MiB "
                   "(engine.wal_segment_size) + 4 x 64MiB (engine.table_size)"));
    config.engine.disk_budget_bytes = 800 * kMiB;
    CHECK(check_config(config).is_ok());
    CHECK(least_disk_budget_bytes({}) == 1280 * kMiB);  // as kvd.toml says
}

TEST_CASE("check_config: the least disk budget is exactly the engine's") {
    for (const uint64_t memory : {16 * kMiB, 48 * kMiB, 512 * kMiB, 4096 * kMiB}) {
        for (const uint64_t memtable : {0 * kMiB, 1 * kMiB, 8 * kMiB}) {
            for (const uint64_t other : {1 * kMiB, 64 * kMiB}) {
                Options engine;
                engine.memory_budget_bytes = memory;
                engine.memtable_bytes = memtable;
                engine.wal_segment_bytes = other;
                engine.table_bytes = 3 * other;
                engine.disk_budget_bytes = least_disk_budget_bytes(engine);
                INFO(engine.disk_budget_bytes);
                CHECK(validate_options(engine).is_ok());
                --engine.disk_budget_bytes;
                CHECK_FALSE(validate_options(engine).is_ok());
            }
        }
    }
}

}  // namespace kv::config
