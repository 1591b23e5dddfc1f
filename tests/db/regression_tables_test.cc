// Bugs that other engines had in tables, levels and compaction, each as a claim about a whole
// store. The rows are those of the table in section 10 of the engine's design.
// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "db/regression_fixture.h"
#include "support/seed.h"
#include "version/order_check.h"

using namespace kv;
using namespace kv::test;

TEST_CASE("row 10: all versions of a user key stay in one table of a level") {
    RegressionFixture f;
    f.options_.table_bytes = 4U << 10;
    f.put_range(0, 40, std::string(200, 'v'));
    std::vector<SnapshotPtr> snapshots;
    for (int i = 0; i < 60; ++i) {  // twelve tables' worth of one key, every version in use
        REQUIRE(f.put(numbered_key(20), std::string(800, 'x') + std::to_string(i)).status.is_ok());
        snapshots.push_back(f.db().snapshot());
    }
    REQUIRE(f.db().compact_all().is_ok());
    const auto manifest = manifest_on(*f.disk_);
    size_t holders = 0;
    size_t tables = 0;
    for (int level = 1; level < kLevels; ++level) {
        for (const FileMetaPtr& file : manifest->current()->files(level)) {
            ++tables;
            if (user_key_of(file->smallest) <= numbered_key(20) &&
                numbered_key(20) <= user_key_of(file->largest)) {
                ++holders;
            }
        }
    }
    CHECK(tables >= 3);
    CHECK(holders == 1);
    for (int i = 0; i < 60; ++i) {
        ReadOptions at;
        at.snapshot = snapshots[static_cast<size_t>(i)];
        CHECK(f.get(numbered_key(20), at) == std::string(800, 'x') + std::to_string(i));
    }
}

TEST_CASE("row 11: after every flush and compaction newer entries lie above older ones") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    RegressionFixture f;
    f.options_.table_bytes = 4U << 10;
    f.options_.level1_bytes = 8U << 10;
    std::map<std::string, std::string> model;
    for (int round = 0; round < 40; ++round) {
        for (int i = 0; i < 40; ++i) {
            const std::string key = numbered_key(static_cast<int>(random.below(200)));
            if (random.one_in(3)) {
                REQUIRE(f.db().del(key, Durability::kOs).status.is_ok());
                model.erase(key);
            } else {
                const std::string value(100 + random.below(100), static_cast<char>('a' + i % 26));
                REQUIRE(f.put(key, value, Durability::kOs).status.is_ok());
                model[key] = value;
            }
        }
        REQUIRE(f.db().flush().is_ok());
        if (random.one_in(10)) REQUIRE(f.db().compact_all().is_ok());
        const Status order = check_order(*manifest_on(*f.disk_)->current());
        INFO(order.to_string());
        REQUIRE(order.is_ok());
    }
    CHECK(f.db().stats().compactions > 3);
    std::string expected;
    for (const auto& [key, value] : model) {
        expected.append(expected.empty() ? "" : " ").append(key).append("=").append(value);
    }
    CHECK(f.scan() == expected);
    f.crash();
    CHECK(f.scan() == expected);
}

TEST_CASE("row 11: a MANIFEST that places tables out of order refuses to open") {
    RegressionFixture f;
    for (int i = 0; i < 2; ++i) {  // two overlapping tables of level 0
        f.put_range(0, 10, "v");
        REQUIRE(f.db().flush().is_ok());
    }
    f.settle();
    f.close();
    const auto manifest = manifest_on(*f.disk_);
    VersionEdit forged;
    for (const FileMetaPtr& file : manifest->current()->files(0)) {
        forged.remove(0, file->number);
        forged.add(1, *file);
    }
    std::string payload;
    forged.encode(payload);
    const std::string name = manifest_file_name(manifest->file_number());
    std::string content = content_of(*f.disk_, name);
    LogRecord record;
    record.type = LogRecordType::kVersionEdit;
    record.segment = manifest->file_number();
    record.synced_offset = content.size();
    record.payload = payload;
    append_log_record(content, content.size(), record);
    f.disk_->write_file(in_db(name), content);
    const Status status = f.try_open();
    INFO(status.to_string());
    CHECK(status.is(Code::kCorruption));
    CHECK(has(status.message(), name));
}

TEST_CASE("row 11: a tombstone in an upper level hides the value below through compactions") {
    RegressionFixture f;
    REQUIRE(f.put("k", "1").status.is_ok());
    REQUIRE(f.db().compact_all().is_ok());
    REQUIRE(f.put("k", "2").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    REQUIRE(f.db().del("k").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    CHECK(f.get("k") == "-");
    for (int i = 0; i < 6; ++i) {  // more level 0 tables than start a compaction
        REQUIRE(f.put("other" + std::to_string(i), "x").status.is_ok());
        REQUIRE(f.db().flush().is_ok());
        f.settle();
        CHECK(f.get("k") == "-");
    }
    CHECK(f.db().stats().compactions >= 2);
    f.reopen();
    CHECK(f.get("k") == "-");
}

TEST_CASE("row 14: seqno 0 is never given out, and the oldest entries survive every compaction") {
    RegressionFixture f;
    const SnapshotPtr before = f.db().snapshot();
    CHECK(before->seqno() == 0);
    CHECK(f.put("a", "1").first_seqno == 1);
    CHECK(f.put("b", "2").first_seqno == 2);
    REQUIRE(f.db().del("b").status.is_ok());
    ReadOptions at;
    at.snapshot = before;
    for (int i = 0; i < 3; ++i) {
        REQUIRE(f.db().compact_all().is_ok());
        CHECK(f.scan() == "a=1");
        CHECK(f.get("a", at) == "-");
        const auto entry = f.db().get("a");
        REQUIRE((entry.is_ok() && entry->has_value()));
        CHECK((*entry)->seqno == 1);
    }
    at = {};
    const_cast<SnapshotPtr&>(before).reset();
    REQUIRE(f.db().compact_all().is_ok());
    f.crash();
    CHECK(f.scan() == "a=1");
}

TEST_CASE("row 15: a compaction of tombstones alone ends with no table, and every entry counted") {
    RegressionFixture f;
    f.put_range(0, 100, "v");
    REQUIRE(f.db().compact_all().is_ok());
    REQUIRE(f.db().stats().levels[6].entries == 100);
    for (int i = 0; i < 100; ++i) REQUIRE(f.db().del(numbered_key(i)).status.is_ok());
    REQUIRE(f.db().compact_all().is_ok());
    f.settle();
    const StoreStats stats = f.db().stats();
    for (const LevelStats& level : stats.levels) CHECK(level.tables == 0);
    CHECK(stats.entries_dropped_shadowed == 100);
    CHECK(stats.entries_dropped_tombstone == 100);
    CHECK(files_ending(*f.disk_, ".sst").empty());
    f.put_range(0, 3, "w");
    f.crash();
    CHECK(f.scan() == "k00000=w0 k00001=w1 k00002=w2");
}

TEST_CASE("row 15: a compaction into many outputs keeps every entry") {
    RegressionFixture f;
    f.options_.table_bytes = 4U << 10;
    f.put_range(0, 300, std::string(200, 'v'));
    REQUIRE(f.db().compact_all().is_ok());
    CHECK(f.db().stats().levels[6].tables >= 10);
    CHECK(f.db().stats().levels[6].entries == 300);
    CHECK(f.count_range(0, 300, std::string(200, 'v')) == 300);
}

TEST_CASE("row 22: no value or key means anything but itself") {
    RegressionFixture f;
    WriteBatch deletion;
    deletion.del("k00000");
    std::vector<std::string> strings = {"",
                                        std::string(8, '\0'),
                                        std::string(8, '\xFF'),
                                        "\xE2\x80\xA0",
                                        "DELETE",
                                        "tombstone",
                                        "null",
                                        std::string(deletion.encoded())};
    for (int byte = 0; byte < 256; ++byte) strings.emplace_back(1, static_cast<char>(byte));
    const auto check = [&](const char* moment) {
        INFO(moment);
        for (size_t i = 0; i < strings.size(); ++i) {
            CAPTURE(i);
            REQUIRE(f.get("value" + std::to_string(i)) == strings[i]);
            if (!strings[i].empty()) REQUIRE(f.get("\x01" + strings[i]) == "as a key");
            REQUIRE(f.get("deleted" + std::to_string(i)) == "-");
        }
    };
    for (size_t i = 0; i < strings.size(); ++i) {
        const std::string number = std::to_string(i);
        REQUIRE(f.put("value" + number, strings[i], Durability::kOs).status.is_ok());
        REQUIRE(f.put("\x01" + strings[i], "as a key", Durability::kOs).status.is_ok());
        REQUIRE(f.put("deleted" + number, strings[i], Durability::kOs).status.is_ok());
        REQUIRE(f.db().del("deleted" + number, Durability::kOs).status.is_ok());
    }
    check("in memory");
    f.reopen();
    check("replayed");
    REQUIRE(f.db().flush().is_ok());
    check("in a table");
    REQUIRE(f.db().compact_all().is_ok());
    check("compacted");
}
