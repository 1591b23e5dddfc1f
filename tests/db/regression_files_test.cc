// Bugs that other engines had with the order of file operations and the life of files, each as a
// claim about a whole store. The rows are those of the table in section 10 of the engine's design.
// SPDX-License-Identifier: Apache-2.0
#include "db/regression_fixture.h"
#include "support/temp_dir.h"

using namespace kv;
using namespace kv::test;

namespace {

/// Operations that take a file away, since operation `from`.
int removals(const CrashFileSystem& disk, uint64_t from) {
    int count = 0;
    for (const Operation& operation : disk.journal()) {
        if (operation.index >= from && operation.kind == OpKind::kRemove) ++count;
    }
    return count;
}

/// The store holds k00000 to k00029 whatever a power failure leaves of the disk.
void check_crashes(const CrashFileSystem& disk) {
    for (uint64_t seed = 0; seed < 12; ++seed) {
        CAPTURE(seed);
        RegressionFixture g;
        CrashOptions how = CrashOptions::random(seed);
        if (seed == 0) how = CrashOptions::lose_all();
        if (seed == 1) how = CrashOptions::keep_all();
        if (seed == 2) how.names = CrashOptions::Keep::kAll, how.data = CrashOptions::Keep::kNone;
        g.disk_ = disk.clone_after_crash(how);
        g.open();
        REQUIRE(g.count_range(0, 30, "v") == 30);
    }
}

}  // namespace

TEST_CASE("row 6: the first open makes MANIFEST durable, then its name, then CURRENT") {
    RegressionFixture f;
    f.open();
    CHECK(f.disk_->journal_text("db") ==
          "create_dir .\n"
          "lock LOCK\n"
          "create MANIFEST-000001\n"
          "write MANIFEST-000001\n"
          "sync MANIFEST-000001\n"
          "sync_dir .\n"
          "create CURRENT.tmp\n"
          "write CURRENT.tmp\n"
          "sync CURRENT.tmp\n"
          "rename CURRENT.tmp -> CURRENT\n"
          "sync_dir .\n");
    CHECK(has(f.disk_->journal_text(""), "create_dir db\nlock db/LOCK\nsync_dir "));
}

TEST_CASE("row 6: the first durable put writes a header and a record, then syncs once") {
    RegressionFixture f;
    f.open();
    f.settle();
    const uint64_t from = f.disk_->operation_count();
    REQUIRE(f.put("a", "1").status.is_ok());
    CHECK(f.disk_->journal_text("db", from) == "write 000001.wal\nsync 000001.wal\n");
}

TEST_CASE("row 6: a flush syncs the table, its name, then the MANIFEST, and only then unlinks") {
    RegressionFixture f;
    f.options_.wal_segment_bytes = 4U << 10;
    f.put_range(0, 20, std::string(300, 'v'));
    f.settle();
    const uint64_t from = f.disk_->operation_count();
    REQUIRE(f.db().flush().is_ok());
    f.settle();
    CHECK(f.disk_->journal_text("db", from) ==
          "create 000002.sst\n"
          "write 000002.sst\n"
          "sync 000002.sst\n"
          "sync_dir .\n"
          "write MANIFEST-000001\n"
          "sync MANIFEST-000001\n"
          "remove 000001.wal\n");
}

TEST_CASE("row 6: a new MANIFEST is durable by content and name before CURRENT names it") {
    RegressionFixture f;
    f.put_range(0, 1, "v");
    f.settle();
    const uint64_t from = f.disk_->operation_count();
    f.reopen();
    f.settle();  // the first edit after an open starts a new MANIFEST
    CHECK(has(f.disk_->journal_text("db", from),
              "create MANIFEST-000002\n"
              "write MANIFEST-000002\n"
              "sync MANIFEST-000002\n"
              "sync_dir .\n"
              "create CURRENT.tmp\n"
              "write CURRENT.tmp\n"
              "sync CURRENT.tmp\n"
              "rename CURRENT.tmp -> CURRENT\n"
              "sync_dir .\n"
              "remove MANIFEST-000001\n"));
}

TEST_CASE("row 7: a doubtful MANIFEST write in a flush deletes nothing, and is made good later") {
    const auto mode = GENERATE(FailedSync::kLoseData, FailedSync::kDurableAnyway);
    RegressionFixture f;
    f.options_.wal_segment_bytes = 4U << 10;
    f.options_.memtable_bytes = 8U << 10;
    f.put_range(0, 30, "v");
    f.settle();
    f.disk_->set_failed_sync(mode);
    fail_all(*f.disk_, OpKind::kSync, "MANIFEST", Fault::kSyncFails);
    const uint64_t from = f.disk_->operation_count();
    int written = 0;
    while (f.db().stats().state == StoreState::kOk && ++written < 1000) {
        (void)f.put("fill" + std::to_string(written), std::string(500, 'f'));
        f.settle();
    }
    CHECK(f.db().stats().state == StoreState::kReadOnly);
    CHECK(has(f.db().stats().state_reason, "MANIFEST"));
    CHECK(f.put("x", "1").status.is(Code::kReadOnly));
    CHECK(f.count_range(0, 30, "v") == 30);
    CHECK(removals(*f.disk_, from) == 0);
    check_crashes(*f.disk_);

    f.disk_->clear_faults();
    f.let_time_pass();
    CHECK(f.db().stats().state == StoreState::kOk);
    CHECK(f.db().stats().state_reason.empty());
    REQUIRE(f.put("x", "1").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    f.settle();
    CHECK(removals(*f.disk_, from) > 0);
    check_crashes(*f.disk_);
}

TEST_CASE("row 7: a doubtful MANIFEST write in a compaction deletes nothing") {
    RegressionFixture f;
    for (int i = 0; i < 3; ++i) {
        f.put_range(i * 10, 10, "v");
        REQUIRE(f.db().flush().is_ok());
    }
    f.settle();
    REQUIRE(files_ending(*f.disk_, ".sst").size() == 3);
    fail_all(*f.disk_, OpKind::kSync, "MANIFEST", Fault::kSyncFails);
    const uint64_t from = f.disk_->operation_count();
    const Status status = f.db().compact_all();
    CHECK(status.is(Code::kIoError));
    CHECK(has(status.message(), "MANIFEST"));
    CHECK(removals(*f.disk_, from) == 0);
    check_crashes(*f.disk_);
    CHECK(f.count_range(0, 30, "v") == 30);

    f.disk_->clear_faults();
    f.let_time_pass();
    REQUIRE(f.db().compact_all().is_ok());
    f.settle();
    CHECK(f.db().stats().levels[0].tables == 0);
    CHECK(files_ending(*f.disk_, ".sst").size() == f.db().stats().levels[6].tables);
    check_crashes(*f.disk_);
}

TEST_CASE("row 7: an edit that open finds but no sync covered deletes nothing either") {
    // A process dies after a failed sync of the MANIFEST; its successor reads the edit from the
    // page cache, and then the power fails, at any operation.
    const bool compaction = GENERATE(false, true);
    RegressionFixture f;
    f.options_.wal_segment_bytes = 4U << 10;
    for (int i = 0; i < 3; ++i) {
        f.put_range(i * 10, 10, "v");
        f.put_range(100, 10, std::string(400, 'f'));
        if (compaction) REQUIRE(f.db().flush().is_ok());
    }
    f.settle();
    const size_t manifest_bytes =
        content_of(*f.disk_, files_ending(*f.disk_, "MANIFEST-000001")[0]).size();
    fail_all(*f.disk_, OpKind::kSync, "MANIFEST", Fault::kSyncFails);
    if (compaction) {
        CHECK_FALSE(f.db().compact_all().is_ok());
    } else {
        CHECK_FALSE(f.db().flush().is_ok());
    }
    CHECK(content_of(*f.disk_, "MANIFEST-000001").size() > manifest_bytes);
    f.close();
    f.disk_->clear_faults();

    std::vector<std::unique_ptr<CrashFileSystem>> survivors;
    f.disk_->set_before_op_hook([&](const Operation& operation) {
        if (!is_mutating(operation.kind)) return;
        CrashOptions how = CrashOptions::lose_all();
        survivors.push_back(f.disk_->clone_after_crash(how));
        how.names = CrashOptions::Keep::kAll;
        survivors.push_back(f.disk_->clone_after_crash(how));
    });
    f.open();
    f.settle();
    CHECK(f.count_range(0, 30, "v") == 30);
    f.disk_->set_before_op_hook({});
    CHECK(survivors.size() > 4);
    for (auto& survivor : survivors) {
        RegressionFixture g;
        g.disk_ = std::move(survivor);
        const Status status = g.try_open();
        INFO(status.to_string());
        REQUIRE(status.is_ok());
        REQUIRE(g.count_range(0, 30, "v") == 30);
    }
}

TEST_CASE("row 7: no segment is written to on the word of an edit that no sync covered") {
    // The edit names the next log segment, or moves the log on beyond what it still holds.
    const bool flush = GENERATE(false, true);
    RegressionFixture f;
    f.options_.wal_segment_bytes = 4U << 10;
    f.put_range(0, 10, "v");
    f.settle();
    const auto manifest_bytes = [&] { return content_of(*f.disk_, "MANIFEST-000001").size(); };
    const size_t bytes_before = manifest_bytes();
    f.disk_->set_failed_sync(FailedSync::kLoseData);
    fail_all(*f.disk_, OpKind::kSync, "MANIFEST", Fault::kSyncFails);
    if (flush) {
        REQUIRE(f.put("weak", "w", Durability::kMemory).status.is_ok());
        CHECK_FALSE(f.db().flush().is_ok());
    } else {
        for (int i = 10; i < 30 && manifest_bytes() == bytes_before; ++i) {
            f.put_range(i, 1, std::string(300, 'v'));
            f.settle();
        }
    }
    CHECK(manifest_bytes() > bytes_before);
    f.close();
    f.disk_->clear_faults();

    f.open();
    REQUIRE(f.put("acknowledged", "1").status.is_ok());
    f.crash(CrashOptions::lose_all());
    CHECK(f.get("acknowledged") == "1");
    CHECK(f.count_range(0, 10, "v") == 10);
}

TEST_CASE("row 7: MANIFESTs that a full disk has no room for leave nothing, and the store opens") {
    RegressionFixture f;
    f.put_range(0, 10, "v");
    f.settle();
    f.close();
    const auto files = f.disk_->files("db");
    f.disk_->set_fault_hook([](const Operation& operation) {
        const bool takes_room = operation.kind == OpKind::kWrite ||
                                operation.kind == OpKind::kPreallocate ||
                                operation.kind == OpKind::kCreateDir;
        // What is written over, as open does it, has its room.
        return takes_room && !has(operation.path, "000001.wal") ? Fault::kEnospc : Fault::kNone;
    });
    for (int start = 0; start < 3; ++start) {
        f.open();
        f.let_time_pass();
        CHECK(f.count_range(0, 10, "v") == 10);
        f.close();
        CHECK(files_ending(*f.disk_, "MANIFEST-000001").size() == 1);
        CHECK(f.disk_->files("db").size() <= files.size());
    }
    f.disk_->clear_faults();
    f.open();
    CHECK(f.put("room", "again").status.is_ok());
}

TEST_CASE("row 9: a failed sync of a table in a flush surfaces and is recovered from") {
    RegressionFixture f;
    f.put_range(0, 30, "v");
    fail_all(*f.disk_, OpKind::kSync, ".sst", Fault::kSyncFails);
    const Status status = f.db().flush();
    CHECK(status.is(Code::kReadOnly));
    CHECK(has(status.message(), "flush"));
    CHECK(f.db().stats().state == StoreState::kReadOnly);
    CHECK(f.put("x", "1").status.is(Code::kReadOnly));
    CHECK(f.count_range(0, 30, "v") == 30);
    CHECK(f.db().stats().levels[0].tables == 0);
    check_crashes(*f.disk_);

    f.disk_->clear_faults();
    f.let_time_pass();
    CHECK(f.db().stats().state == StoreState::kOk);
    const StoreStats stats = f.db().stats();
    CHECK(stats.levels[0].tables + stats.levels[6].tables == 1);
    REQUIRE(f.put("x", "1").status.is_ok());
    f.crash();
    CHECK(f.get("x") == "1");
    CHECK(f.count_range(0, 30, "v") == 30);
}

TEST_CASE("row 9: a compaction whose output cannot be synced commits nothing") {
    RegressionFixture f;
    for (int i = 0; i < 3; ++i) {
        f.put_range(i * 5, 20, "v");
        REQUIRE(f.db().flush().is_ok());
    }
    fail_all(*f.disk_, OpKind::kSync, ".sst", Fault::kSyncFails);
    CHECK(f.db().compact_all().is(Code::kIoError));
    CHECK(f.db().stats().levels[0].tables == 3);
    CHECK(f.count_range(0, 30, "v") == 30);
    check_crashes(*f.disk_);
    f.disk_->clear_faults();
    REQUIRE(f.db().compact_all().is_ok());
    CHECK(f.db().stats().levels[0].tables == 0);
    CHECK(f.count_range(0, 30, "v") == 30);
}

TEST_CASE("row 16: what was deleted and compacted away stays away after every kind of restart") {
    RegressionFixture f;
    f.put_range(0, 50, "v");
    REQUIRE(f.db().compact_all().is_ok());
    for (int i = 0; i < 50; ++i) REQUIRE(f.db().del(numbered_key(i)).status.is_ok());
    REQUIRE(f.db().compact_all().is_ok());
    CHECK(f.scan().empty());
    f.reopen();
    CHECK(f.scan().empty());
    f.crash(CrashOptions::lose_all());
    CHECK(f.scan().empty());
    CHECK(f.db().published_seqno() == 100);
    CHECK(files_ending(*f.disk_, ".sst").empty());
}

TEST_CASE("row 19: a table that the MANIFEST does not name is not served but put aside") {
    RegressionFixture f;
    REQUIRE(f.put("a", "old").status.is_ok());
    REQUIRE(f.put("ghost", "1").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    const auto tables = files_ending(*f.disk_, ".sst");
    REQUIRE(tables.size() == 1);
    const std::string stale = content_of(*f.disk_, tables[0]);
    REQUIRE(f.put("a", "new").status.is_ok());
    REQUIRE(f.db().del("ghost").status.is_ok());
    REQUIRE(f.db().compact_all().is_ok());
    f.settle();
    f.close();
    REQUIRE_FALSE(*f.disk_->exists(in_db(tables[0])));

    // The MANIFEST says that it took the table away: waste of the last run.
    f.disk_->write_file(in_db(tables[0]), stale);
    f.open();
    CHECK(f.scan() == "a=new");
    CHECK_FALSE(*f.disk_->exists(in_db(tables[0])));
    CHECK(f.logged("removed " + tables[0]));
    // Before it went, the file set was written to a new MANIFEST; the old one is waste too.
    f.settle();
    CHECK_FALSE(*f.disk_->exists(in_db("MANIFEST-000001")));

    // A new MANIFEST knows nothing of it: it may be anybody's.
    f.settle();
    f.close();
    f.disk_->write_file(in_db(tables[0]), stale);
    f.open();
    CHECK(f.scan() == "a=new");
    CHECK_FALSE(*f.disk_->exists(in_db(tables[0])));
    CHECK(content_of(*f.disk_, "lost/" + tables[0]) == stale);
    CHECK(f.logged("moved " + tables[0] + " to db/lost"));
    f.reopen();
    CHECK(f.scan() == "a=new");
}

TEST_CASE("row 20: a second open of the same directory is refused and touches nothing") {
    RegressionFixture f;
    f.put_range(0, 5, "v");
    REQUIRE(f.db().flush().is_ok());
    f.settle();
    const auto files = f.disk_->files("db");
    const uint64_t from = f.disk_->operation_count();
    Options second = f.options_;
    second.file_system = f.disk_.get();
    second.clock = &f.clock_;
    second.executor = &f.executor_;
    const auto opened = Db::open(second, "db");
    REQUIRE(opened.status().is(Code::kLocked));
    CHECK(has(opened.status().message(), "db/LOCK"));
    CHECK(removals(*f.disk_, from) == 0);
    CHECK(f.disk_->files("db") == files);
    f.put_range(5, 5, "v");
    CHECK(f.count_range(0, 10, "v") == 10);
    f.reopen();
    CHECK(f.count_range(0, 10, "v") == 10);
}

TEST_CASE("row 20: the lock holds on a real file system too, and goes with its store") {
    const TempDir dir;
    const Options options;
    const std::string path = dir.file("store");
    auto first = Db::open(options, path);
    REQUIRE(first.is_ok());
    REQUIRE((*first)->put("a", "1").status.is_ok());
    CHECK(Db::open(options, path).status().is(Code::kLocked));
    REQUIRE((*first)->put("b", "2").status.is_ok());
    first->reset();
    auto again = Db::open(options, path);
    REQUIRE(again.is_ok());
    CHECK((*again)->get("b").value()->value == "2");
}

TEST_CASE("files: a start leaves one MANIFEST, however the last run ended") {
    RegressionFixture f;
    for (const char* key : {"a", "b", "c", "d"}) {
        REQUIRE(f.put(key, "1").status.is_ok());
        if (*key == 'b') {
            f.kill();
        } else {
            f.reopen();
        }
        f.settle();
        size_t manifests = 0;
        for (const std::string& name : f.disk_->files("db")) manifests += has(name, "MANIFEST");
        CHECK(manifests == 1);
    }
    CHECK(f.scan() == "a=1 b=1 c=1 d=1");
    CHECK(f.disk_->files("db/lost").empty());
}
