// What the tests of golden stores and their writer share: a store on a simulated disk, and its
// entries as lines of contents.txt.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "kv/clock.h"
#include "kv/db.h"
#include "kv/deterministic_executor.h"
#include "support/crash_file_system.h"
#include "tools/verify.h"

namespace kv::test {

/// When golden stores are read.
inline constexpr uint64_t kReadAtMs = 1'650'000'000'000;
inline constexpr const char* kContentsName = "contents.txt";
/// The keyspace that a golden store from version 2 on has, beside the default one.
inline constexpr const char* kKeyspaceName = "orders";

/// A store on a simulated disk whose clock stands at kReadAtMs.
struct GoldenStore {
    explicit GoldenStore(uint64_t now_ms = kReadAtMs) : clock(now_ms) {
        options.memtable_bytes = 64U << 10;
        options.table_bytes = 8U << 10;
        options.level1_bytes = 64U << 10;
        options.wal_segment_bytes = 64U << 10;
        options.block_size_bytes = 512;
        options.clock = &clock;
        options.executor = &executor;
    }
    void open() {
        db.reset();
        options.file_system = disk.get();
        auto opened = Db::open(options, "db");
        REQUIRE(opened.status().to_string() == "ok");
        db = std::move(*opened);
    }
    void require_verified() {
        const auto report = tools::verify_directory(*disk, "db");
        REQUIRE(report.status().to_string() == "ok");
        std::string damage;
        for (const auto& item : report->damage) damage += item.status.to_string() + "\n";
        CHECK(damage == "");
        CHECK(report->tables > 0);
    }

    FakeClock clock;
    DeterministicExecutor executor{1, &clock};
    std::unique_ptr<CrashFileSystem> disk = std::make_unique<CrashFileSystem>();
    Options options;
    std::unique_ptr<Db> db;
};

/// Every entry, forward, each also asked for by get; must read the same backward.
inline std::string entries_of(Db& db) {
    std::string text;
    std::vector<std::string> keys;
    const auto it = db.new_iterator({});
    for (it->seek_to_first(); it->valid(); it->next()) {
        const auto entry = db.get(it->key());
        REQUIRE(entry.status().to_string() == "ok");
        REQUIRE(entry->has_value());
        REQUIRE((*entry)->value == it->value());
        text += escape_bytes(it->key()) + "|" + std::to_string((*entry)->seqno) + "|" +
                std::to_string((*entry)->expiry_ms) + "|" + escape_bytes(it->value()) + "\n";
        keys.emplace_back(it->key());
    }
    REQUIRE(it->status().to_string() == "ok");
    for (it->seek_to_last(); it->valid(); it->prev()) {
        REQUIRE_FALSE(keys.empty());
        REQUIRE(it->key() == keys.back());
        keys.pop_back();
    }
    CHECK(keys.empty());
    return text;
}

}  // namespace kv::test
