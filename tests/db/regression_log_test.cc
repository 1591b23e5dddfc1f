// Bugs that other engines had in their logs, each as a claim about a whole store. The rows are
// those of the table in section 10 of the engine's design.
// SPDX-License-Identifier: Apache-2.0
#include "db/regression_fixture.h"

using namespace kv;
using namespace kv::test;

namespace {

/// Small segments and nothing flushed, so that the log has several of them.
struct LogFixture : RegressionFixture {
    LogFixture() { options_.wal_segment_bytes = 4U << 10; }
    std::vector<std::string> segments() const { return files_ending(*disk_, ".wal"); }
};

}  // namespace

TEST_CASE("row 1: a middle segment cut at an exact record boundary refuses to open") {
    LogFixture f;
    f.put_range(0, 30, std::string(400, 'v'));
    f.kill_only();
    const auto segments = f.segments();
    REQUIRE(segments.size() >= 4);
    const std::string middle = segments[1];
    const std::string whole = content_of(*f.disk_, middle);
    const auto records = segment_records(*f.disk_, middle);
    REQUIRE(records.size() >= 3);
    for (size_t i = 0; i + 1 < records.size(); ++i) {
        CAPTURE(records[i]);
        f.disk_->write_file(in_db(middle), Bytes(whole).substr(0, records[i]));
        const Status status = f.try_open();
        CHECK(status.is(Code::kCorruption));
        INFO(status.to_string());
        CHECK(has(status.message(), middle));
    }
    f.disk_->write_file(in_db(middle), whole);
    f.open();
    CHECK(f.count_range(0, 30, std::string(400, 'v')) == 30);
}

TEST_CASE("row 2: an I/O error at any read of the log refuses to open and harms nothing") {
    LogFixture f;
    f.put_range(0, 12, std::string(400, 'v'));
    f.kill_only();
    int reads = 0;
    for (;; ++reads) {
        int seen = 0;
        bool hit = false;
        f.disk_->set_fault_hook([&](const Operation& operation) {
            if (operation.kind != OpKind::kRead || !has(operation.path, ".wal"))
                return Fault::kNone;
            hit = seen++ == reads;
            return hit ? Fault::kReadEio : Fault::kNone;
        });
        const uint64_t faults = f.disk_->faults_hit();
        const Status status = f.try_open();
        f.disk_->clear_faults();
        if (f.disk_->faults_hit() == faults) break;
        CAPTURE(reads, status.to_string());
        REQUIRE(status.is(Code::kIoError));
        REQUIRE(has(status.message(), ".wal"));
    }
    CHECK(reads >= 4);
    f.reopen();
    CHECK(f.count_range(0, 12, std::string(400, 'v')) == 12);
}

TEST_CASE("row 3: stale records behind the end of the log are not replayed") {
    LogFixture f;
    const std::string old_value = std::string(400, 'o');
    f.put_range(0, 12, old_value);
    f.put_range(0, 3, std::string(400, 'n'));
    f.kill_only();
    const auto segments = f.segments();
    REQUIRE(segments.size() >= 2);
    const std::string first = content_of(*f.disk_, segments[0]);
    const auto old_records = record_offsets(first, wal::kSegmentHeaderBytes);
    // The last segment that is in use: the one after it is prepared and empty.
    std::string last;
    for (const std::string& name : segments) {
        if (segment_records(*f.disk_, name).size() > 1) last = name;
    }
    REQUIRE(last != segments[0]);
    const std::string content = content_of(*f.disk_, last);
    const auto records = record_offsets(content, wal::kSegmentHeaderBytes);
    const auto end = static_cast<size_t>(records.back());
    const auto plant = [&](Bytes record) {
        std::string planted = content;
        REQUIRE(end + record.size() <= planted.size());
        planted.replace(end, record.size(), record);
        f.disk_->write_file(in_db(last), planted);
        const Status status = f.try_open();
        INFO(status.to_string());
        REQUIRE(status.is_ok());
        CHECK(f.count_range(0, 3, std::string(400, 'n')) == 3);
        CHECK(f.count_range(3, 9, old_value) == 9);
        CHECK(f.db().published_seqno() == 15);
        CHECK(f.logged("torn tail"));
        f.close();
    };
    SECTION("of another segment") {
        plant(Bytes(first).substr(old_records[0], old_records[1] - old_records[0]));
    }
    SECTION("of this segment at another offset") {
        plant(Bytes(content).substr(records[0], records[1] - records[0]));
    }
}

TEST_CASE("row 4: damage before what was synced refuses, naming file and offset") {
    RegressionFixture f;
    f.put_range(0, 5, "v");
    f.kill_only();
    const auto records = segment_records(*f.disk_, "000001.wal");
    REQUIRE(records.size() == 6);
    for (size_t i = 0; i < 4; ++i) {  // a later record was written after each of these was synced
        CAPTURE(i);
        const uint64_t place = records[i] + kLogRecordHeaderBytes + 2;
        f.disk_->corrupt("db/000001.wal", place, 0x10);
        const Status status = f.try_open();
        INFO(status.to_string());
        CHECK(status.is(Code::kCorruption));
        CHECK(has(status.message(), "000001.wal"));
        CHECK(has(status.message(), "offset " + std::to_string(records[i])));
        f.disk_->corrupt("db/000001.wal", place, 0x10);
    }
    f.open();
    CHECK(f.count_range(0, 5, "v") == 5);
}

TEST_CASE("row 4: a torn tail behind what was synced is cut and reported") {
    RegressionFixture f;
    f.put_range(0, 3, "v");
    REQUIRE(f.put("tail", "unsynced", Durability::kOs).status.is_ok());
    f.kill_only();
    const auto records = segment_records(*f.disk_, "000001.wal");
    REQUIRE(records.size() == 5);
    f.disk_->corrupt("db/000001.wal", records[3] + kLogRecordHeaderBytes, 0x01);
    f.open();
    CHECK(f.count_range(0, 3, "v") == 3);
    CHECK(f.get("tail") == "-");
    CHECK(f.logged("torn tail"));
    CHECK(f.logged("offset " + std::to_string(records[3]) + " of db/000001.wal"));
    REQUIRE(f.put("next", "1").status.is_ok());
    f.crash();
    CHECK(f.scan() == "k00000=v0 k00001=v1 k00002=v2 next=1");
}

TEST_CASE("row 5: a segment is cut and synced before anything is written to the next one") {
    LogFixture f;
    f.put_range(0, 30, std::string(400, 'v'));
    f.settle();
    const auto journal = f.disk_->journal();
    int switches = 0;
    for (const std::string& name : f.segments()) {
        const uint64_t number = parse_file_name(name).number;
        const std::string before = in_db(log_segment_name(number - 1));
        bool sealed = number == 1;
        bool cut = number == 1;
        for (const Operation& operation : journal) {
            if (operation.path == before && operation.kind == OpKind::kTruncate) cut = true;
            if (operation.path == before && operation.kind == OpKind::kSync && cut) sealed = true;
            const bool touched = operation.path == in_db(name) && operation.kind == OpKind::kWrite;
            if (!touched) continue;
            INFO("first write to " << name);
            CHECK(sealed);
            ++switches;
            break;
        }
    }
    CHECK(switches >= 4);
    f.crash(CrashOptions::lose_all());
    CHECK(f.count_range(0, 30, std::string(400, 'v')) == 30);
}

TEST_CASE("row 18: replay of a log far larger than a memtable stays within its budget") {
    RegressionFixture f;
    f.options_.memtable_bytes = 4U << 20;
    const std::string value(1000, 'v');
    f.put_range(0, 600, value);
    REQUIRE(f.db().stats().flushes == 0);
    f.close();
    f.options_.memtable_bytes = 32U << 10;
    f.options_.level0_compaction_trigger = 999;
    f.options_.level0_stop_trigger = 1000;
    f.open();
    const StoreStats stats = f.db().stats();
    CHECK(stats.levels[0].tables >= 10);
    CHECK(stats.memtable_bytes <= 2 * f.options_.memtable_bytes);
    CHECK(f.count_range(0, 600, value) == 600);
    SECTION("and what it has flushed is not replayed again") {
        f.crash();
        CHECK(f.logged("already in tables"));
        CHECK(f.db().stats().levels[0].tables == stats.levels[0].tables);
        CHECK(f.count_range(0, 600, value) == 600);
    }
}

TEST_CASE("row 21: a lone durable put waits for the disk and for no timer") {
    RegressionFixture f;
    f.put_range(0, 1, "v");
    f.settle();
    const uint64_t steps = f.executor_.steps();
    const uint64_t now_us = f.clock_.monotonic_us();
    const uint64_t from = f.disk_->operation_count();
    REQUIRE(f.put("a", "1").reached == Durability::kDisk);
    CHECK(f.executor_.delayed() == 0);
    CHECK(f.clock_.monotonic_us() == now_us);
    CHECK(f.executor_.steps() - steps <= 2);
    CHECK(f.disk_->journal_text("db", from) == "write 000001.wal\nsync 000001.wal\n");
}

TEST_CASE("row 23: deletes survive a restart, a killed process and a power failure") {
    RegressionFixture f;
    f.put_range(0, 10, "v");
    REQUIRE(f.db().flush().is_ok());  // the values are in a table, the deletes in the log
    for (int i = 0; i < 10; i += 2) REQUIRE(f.db().del(numbered_key(i)).status.is_ok());
    const auto check = [&f] {
        for (int i = 0; i < 10; ++i) {
            CHECK(f.get(numbered_key(i)) == (i % 2 == 0 ? "-" : "v" + std::to_string(i)));
        }
    };
    f.reopen();
    check();
    f.kill();
    check();
    f.crash(CrashOptions::lose_all());
    check();
    REQUIRE(f.db().flush().is_ok());
    f.crash(CrashOptions::lose_all());
    check();
}

TEST_CASE("log: a segment begun for nothing to be logged again is not taken for one not begun") {
    int relogs_of_nothing = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        RegressionFixture f(seed);
        f.open();
        f.executor_.run_until_idle();
        // Weak writes until a sync beside them is due, which may wait in its lane; then a writer
        // that syncs all of it himself. A sync that fails now leaves nothing in doubt.
        for (int i = 0; i < 9; ++i) {
            REQUIRE(f.put(numbered_key(i), std::string(1000, 'v'), Durability::kOs).status.is_ok());
        }
        REQUIRE(f.put("durable", "v").status.is_ok());
        const uint64_t faults = f.disk_->faults_hit();
        fail_all(*f.disk_, OpKind::kSync, ".wal", Fault::kEio);
        f.executor_.run_until_idle();
        if (f.disk_->faults_hit() != faults) ++relogs_of_nothing;
        f.disk_->clear_faults();
        f.let_time_pass();
        REQUIRE(f.db().stats().state == StoreState::kOk);
        const std::string large(200U << 10, 'l');  // fits no segment of the usual size
        REQUIRE(f.put("large", large).status.is_ok());
        REQUIRE(f.put("after", "v").status.is_ok());
        f.crash(CrashOptions::lose_all());
        CHECK(f.get("durable") == "v");
        CHECK(f.get("large") == large);
        CHECK(f.get("after") == "v");
    }
    CHECK(relogs_of_nothing > 0);
}

// Not under ThreadSanitizer: the hook nests on one thread what two do, an order of locks that no
// thread of a store has.
#ifndef __SANITIZE_THREAD__
TEST_CASE("log: what is logged again beside a sync that is under way leaves no gap in history") {
    DbFixture f;
    f.open();
    f.executor_.run_until_idle();
    const auto is_log = [](const Operation& operation, OpKind kind) {
        return operation.kind == kind && has(operation.path, ".wal");
    };
    bool armed = true;
    WriteResult refused;
    f.disk_->set_before_op_hook([&](const Operation& operation) {
        if (!armed || !is_log(operation, OpKind::kSync)) return;
        armed = false;
        f.disk_->set_fault_hook([&](const Operation& other) {
            return is_log(other, OpKind::kWrite) ? Fault::kEio : Fault::kNone;
        });
        refused = f.put("refused", "v", Durability::kOs);
        f.disk_->clear_faults();
        f.executor_.run_until_idle();  // all lanes but the one that syncs
    });
    int written = 0;
    const auto key = [](int i) { return "key" + std::to_string(i); };
    while (armed && written < 100) {
        REQUIRE(f.put(key(written++), std::string(1000, 'v'), Durability::kOs).status.is_ok());
        f.executor_.run_until_idle();
    }
    REQUIRE_FALSE(armed);
    CHECK(refused.status.is(Code::kInDoubt));
    f.executor_.run_until_idle();
    while (f.db().stats().state != StoreState::kOk) REQUIRE(f.executor_.advance_to_next_delayed());
    REQUIRE(f.put("end", "v").status.is_ok());
    f.crash(CrashOptions::lose_all());
    for (int i = 0; i < written; ++i) CHECK(f.get(key(i)) == std::string(1000, 'v'));
    CHECK(f.get("refused") == "v");
}
#endif
