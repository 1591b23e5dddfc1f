// Errors as states: a failed log sync puts writes in doubt and is recovered from by writing them
// again elsewhere; a full disk refuses writes by type, loses nothing and is left behind.
// SPDX-License-Identifier: Apache-2.0
#include "db/regression_fixture.h"

using namespace kv;
using namespace kv::test;

TEST_CASE("in doubt: a write whose log sync fails is told so, and the store turns read-only") {
    const auto mode =
        GENERATE(FailedSync::kLoseData, FailedSync::kStayDirty, FailedSync::kDurableAnyway);
    RegressionFixture f;
    f.put_range(0, 5, "v");
    f.settle();
    f.disk_->set_failed_sync(mode);
    fail_all(*f.disk_, OpKind::kSync, ".wal", Fault::kSyncFails);
    const WriteResult result = f.put("doubtful", "1");
    CHECK(result.status.is(Code::kInDoubt));
    CHECK(f.db().stats().state == StoreState::kReadOnly);
    CHECK(has(f.db().stats().state_reason, "log write"));
    CHECK(f.count_range(0, 5, "v") == 5);
    CHECK(f.get("doubtful") == "-");  // nobody reads what a power cut could still undo

    SECTION("then it is written to a fresh segment, visible, and survives a power failure") {
        f.disk_->clear_faults();
        const uint64_t from = f.disk_->operation_count();
        f.let_time_pass();
        CHECK(f.db().stats().state == StoreState::kOk);
        CHECK(f.db().stats().state_reason.empty());
        CHECK(f.get("doubtful") == "1");
        for (const Operation& operation : f.disk_->journal()) {  // never synced again
            if (operation.index < from || operation.kind != OpKind::kSync) continue;
            CHECK(operation.path != "db/000001.wal");
        }
        REQUIRE(f.put("after", "2").status.is_ok());
        f.crash(CrashOptions::lose_all());
        CHECK(f.count_range(0, 5, "v") == 5);
        CHECK(f.get("doubtful") == "1");
        CHECK(f.get("after") == "2");
        f.kill();
        CHECK(f.get("after") == "2");
    }
    SECTION("while syncs go on failing it stays read-only, and reads go on") {
        for (int i = 0; i < 4; ++i) {
            f.let_time_pass();
            const WriteResult refused = f.put("later", "1");
            CHECK(refused.status.is(Code::kReadOnly));
            CHECK(refused.first_seqno == 0);
            CHECK(f.db().stats().state == StoreState::kReadOnly);
            CHECK(f.count_range(0, 5, "v") == 5);
            CHECK(f.db().sync().is(Code::kReadOnly));
            CHECK(f.db().flush().is(Code::kReadOnly));
        }
        f.crash(CrashOptions::lose_all());
        CHECK(f.count_range(0, 5, "v") == 5);
        CHECK(f.get("later") == "-");
        CHECK((f.get("doubtful") == "-" || f.get("doubtful") == "1"));
    }
    SECTION("a restart is refused until syncs work, and what it then shows is there for good") {
        f.close();
        CHECK(f.try_open().is(Code::kIoError));  // cannot vouch for what it would serve
        f.disk_->clear_faults();
        f.open();
        CHECK(f.count_range(0, 5, "v") == 5);
        const std::string seen = f.get("doubtful");
        f.crash(CrashOptions::lose_all());
        CHECK(f.count_range(0, 5, "v") == 5);
        CHECK(f.get("doubtful") == seen);
    }
}

TEST_CASE("in doubt: an unsynced acknowledgement before the failure is kept as well") {
    RegressionFixture f;
    REQUIRE(f.put("memory", "1", Durability::kMemory).status.is_ok());
    REQUIRE(f.put("os", "2", Durability::kOs).status.is_ok());
    fail_all(*f.disk_, OpKind::kSync, ".wal", Fault::kSyncFails);
    CHECK(f.put("disk", "3").status.is(Code::kInDoubt));
    CHECK(f.get("memory") == "1");
    CHECK(f.get("os") == "2");
    f.disk_->clear_faults();
    f.let_time_pass();
    REQUIRE(f.db().stats().state == StoreState::kOk);
    CHECK(f.db().durable_seqno() == 3);
    f.crash(CrashOptions::lose_all());
    CHECK(f.scan() == "disk=3 memory=1 os=2");
}

TEST_CASE("full disk: writes get kNoSpace, reads go on, nothing is lost, writes resume") {
    RegressionFixture f;
    f.options_.wal_segment_bytes = 16U << 10;
    f.options_.memtable_bytes = 16U << 10;
    const std::string value(500, 'v');
    f.put_range(0, 20, value);
    f.settle();
    f.disk_->set_capacity(f.disk_->used_bytes() + (40U << 10));
    std::vector<int> acknowledged;
    Status refusal;
    for (int i = 20; i < 2000 && refusal.is_ok(); ++i) {
        const WriteResult result = f.put(numbered_key(i), value + std::to_string(i));
        f.settle();
        if (result.status.is_ok()) {
            acknowledged.push_back(i);
        } else if (!result.status.is(Code::kInDoubt)) {
            refusal = result.status;
        }
    }
    INFO(refusal.to_string());
    REQUIRE(refusal.is(Code::kNoSpace));
    CHECK(f.db().stats().state == StoreState::kNoSpace);
    CHECK_FALSE(f.db().stats().state_reason.empty());
    const auto check = [&](RegressionFixture& g) {
        REQUIRE(g.count_range(0, 20, value) == 20);
        for (const int i : acknowledged) {
            CAPTURE(i);
            REQUIRE(g.get(numbered_key(i)) == value + std::to_string(i));
        }
    };
    check(f);
    CHECK(f.put("x", "1").status.is(Code::kNoSpace));
    f.let_time_pass();
    CHECK(f.put("x", "1").status.is(Code::kNoSpace));
    check(f);
    {
        RegressionFixture g;
        g.disk_ = f.disk_->clone_after_crash(CrashOptions::lose_all());
        g.open();
        check(g);
    }
    f.disk_->set_capacity(UINT64_MAX);
    f.let_time_pass();
    CHECK(f.db().stats().state == StoreState::kOk);
    CHECK(f.db().stats().state_reason.empty());
    REQUIRE(f.put("x", "1").status.is_ok());
    check(f);
    REQUIRE(f.db().compact_all().is_ok());
    f.crash(CrashOptions::lose_all());
    check(f);
    CHECK(f.get("x") == "1");
}

TEST_CASE("full disk: a log segment that the MANIFEST has no room for gives its space back") {
    RegressionFixture f;
    f.options_.wal_segment_bytes = 16U << 10;
    f.options_.memtable_bytes = 1U << 20;  // nothing is flushed
    f.put_range(0, 3, "v");
    f.settle();
    const auto fail_manifest = [](const Operation& operation) {
        const bool adds =
            operation.kind == OpKind::kWrite || operation.kind == OpKind::kPreallocate;
        return adds && has(operation.path, "MANIFEST") ? Fault::kEnospc : Fault::kNone;
    };
    f.disk_->set_fault_hook(fail_manifest);
    Status refusal;
    for (int i = 3; i < 2000 && refusal.is_ok(); ++i) {
        refusal = f.put(numbered_key(i), std::string(500, 'v')).status;
        f.settle();
    }
    REQUIRE(refusal.is(Code::kNoSpace));
    f.let_time_pass();
    const std::string last = files_ending(*f.disk_, ".wal").back();
    CAPTURE(last);
    CHECK(content_of(*f.disk_, last).empty());
    f.disk_->clear_faults();
    f.let_time_pass();
    REQUIRE(f.put("x", "1").status.is_ok());
    f.crash(CrashOptions::lose_all());
    CHECK(f.get("x") == "1");
    CHECK(f.count_range(0, 3, "v") == 3);
}

TEST_CASE("full disk: a store that was full when it stopped opens and serves on the full disk") {
    RegressionFixture f;
    f.put_range(0, 20, "v");
    REQUIRE(f.db().flush().is_ok());
    f.put_range(20, 20, "v");
    f.settle();
    f.kill_only();
    f.disk_->set_capacity(f.disk_->used_bytes());
    f.open();
    f.settle();
    CHECK(f.count_range(0, 40, "v") == 40);
    f.disk_->set_capacity(UINT64_MAX);
    f.let_time_pass();
    REQUIRE(f.put("x", "1").status.is_ok());
    f.crash(CrashOptions::lose_all());
    CHECK(f.count_range(0, 40, "v") == 40);
}

TEST_CASE("full disk: unknown files that cannot be put aside do not keep a store from opening") {
    RegressionFixture f;
    for (const char* key : {"a", "b"}) {  // the second time in a new MANIFEST
        REQUIRE(f.put(key, "1").status.is_ok());
        REQUIRE(f.db().flush().is_ok());
        f.settle();
        f.close();
    }
    REQUIRE_FALSE(*f.disk_->exists("db/MANIFEST-000001"));
    f.disk_->write_file("db/MANIFEST-000001", "old");
    f.disk_->set_fault_hook([](const Operation& operation) {
        return operation.kind == OpKind::kCreateDir ? Fault::kEnospc : Fault::kNone;
    });
    f.open();
    CHECK(f.scan() == "a=1 b=1");
    CHECK(f.logged("left MANIFEST-000001"));
    CHECK(*f.disk_->exists("db/MANIFEST-000001"));
    f.disk_->clear_faults();
    f.reopen();
    CHECK(content_of(*f.disk_, "lost/MANIFEST-000001") == "old");
}
