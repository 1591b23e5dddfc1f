// config/key_table.h: every row can be set, read back, found and suggested.
// SPDX-License-Identifier: Apache-2.0
#include "config/key_table.h"

#include <catch2/catch.hpp>
#include <set>

namespace kv::config {

TEST_CASE("key table: names and environment names are unique") {
    std::set<std::string> names, variables;
    for (const Key& key : keys()) {
        INFO(key.name);
        CHECK(names.insert(std::string(key.name)).second);
        CHECK(variables.insert(environment_name(key)).second);
        CHECK(find_key(key.name) == &key);
        CHECK_FALSE(key.help.empty());
    }
    CHECK(find_key("no.such") == nullptr);
}

TEST_CASE("key table: every default passes its own range and reads back as written") {
    Config config;
    for (const Key& key : keys()) {
        const std::string before = get_value(key, config);
        INFO(key.name << " = " << before);
        CHECK(set_value(key, before, config).is_ok());
        CHECK(get_value(key, config) == before);
    }
}

TEST_CASE("key table: the ends of a range are allowed, one beyond is not") {
    Config config;
    for (const Key& key : keys()) {
        if (key.kind != Kind::kCount) continue;
        INFO(key.name);
        CHECK(set_value(key, std::to_string(key.min), config).is_ok());
        CHECK(set_value(key, std::to_string(key.max), config).is_ok());
        CHECK_FALSE(set_value(key, std::to_string(key.max + 1), config).is_ok());
        CHECK(set_value(key, "0", config).is_ok() == (key.zero_is_off || key.min == 0));
    }
}

TEST_CASE("key table: an out-of-range message shows the range in the key's unit") {
    Config config;
    const Status status = set_value(*find_key("limits.unread_reply_size"), "1KiB", config);
    CHECK(std::string(status.message()) == "1KiB is out of range; allowed: 64KiB to 64GiB");
    CHECK(set_value(*find_key("limits.idle_timeout"), "off", config).is_ok());
    CHECK_FALSE(set_value(*find_key("limits.drain_timeout"), "off", config).is_ok());
    CHECK_FALSE(set_value(*find_key("engine.max_value_size"), "65MiB", config).is_ok());
}

TEST_CASE("key table: choices are enforced") {
    Config config;
    CHECK(set_value(*find_key("log.format"), "json", config).is_ok());
    CHECK(config.log_format == "json");
    CHECK_FALSE(set_value(*find_key("log.format"), "xml", config).is_ok());
    CHECK_FALSE(set_value(*find_key("log.level"), "", config).is_ok());
}

TEST_CASE("key table: compression is one of the names that the engine knows, lz4 unless set") {
    Config config;
    const Key& key = *find_key("engine.compression");
    CHECK(get_value(key, config) == "lz4");
    for (const auto each : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
        CHECK(set_value(key, compression_name(each), config).is_ok());
        CHECK(config.engine.compression == each);
        CHECK(get_value(key, config) == compression_name(each));
    }
    CHECK_FALSE(set_value(key, "snappy", config).is_ok());
    CHECK_FALSE(set_value(key, "", config).is_ok());
    CHECK(config.engine.compression == Compression::kZstd);
}

TEST_CASE("key table: the Redis listener acknowledges what is on disk unless told otherwise") {
    Config config;
    const Key& key = *find_key("resp.durability");
    CHECK(get_value(key, config) == "disk");
    for (const auto each : {Durability::kMemory, Durability::kOs, Durability::kDisk}) {
        CHECK(set_value(key, durability_name(each), config).is_ok());
        CHECK(config.resp_durability == each);
    }
    CHECK_FALSE(set_value(key, "fsync", config).is_ok());
}

TEST_CASE("nearest_key: finds typing errors and forgotten sections, not nonsense") {
    CHECK(nearest_key("listn") == "listen");
    CHECK(nearest_key("limits.conections") == "limits.connections");
    CHECK(nearest_key("engine.blok_cache_size") == "engine.block_cache_size");
    CHECK(nearest_key("memtable_size") == "engine.memtable_size");
    CHECK(nearest_key("zzzzzzzzzz").empty());
}

}  // namespace kv::config
