// Checkpoints: a directory that opens as a store, whatever happens while it is made.
// SPDX-License-Identifier: Apache-2.0
#include "db_fixture.h"
#include "support/crash_file_system.h"

using namespace kv;
using namespace kv::test;

namespace {

class Checkpoints : public DbFixture {
  public:
    /// Enough for several tables and a log tail.
    void fill(char mark = 'v') {
        for (int i = 0; i < 600; ++i)
            put("key" + std::to_string(i), std::string(200, mark), Durability::kOs);
        REQUIRE(db().flush().is_ok());
        put("last", std::string(1, mark));
    }
    CheckpointInfo take(const std::string& dir, const CheckpointOptions& options = {}) {
        const auto info = db().checkpoint(dir, options);
        INFO(info.status().to_string());
        REQUIRE(info.is_ok());
        return *info;
    }
    /// What the store in `dir` holds, opened on `fs`; the error when it does not open.
    std::string content(CrashFileSystem& fs, const std::string& dir) {
        Options options = options_;
        DeterministicExecutor executor(1, &clock_);
        options.file_system = &fs;
        options.executor = &executor;
        options.create_if_missing = false;
        auto opened = Db::open(options, dir);
        if (!opened.is_ok()) return opened.status().to_string();
        std::string text;
        const auto it = (*opened)->new_iterator();
        for (it->seek_to_first(); it->valid(); it->next())
            text.append(it->key()).append("=").append(it->value()).append("\n");
        return it->status().is_ok() ? text : it->status().to_string();
    }
};

}  // namespace

TEST_CASE_METHOD(Checkpoints, "checkpoint: of an empty store opens as an empty store") {
    take("copy");
    CHECK(content(*disk_, "copy").empty());
}

TEST_CASE_METHOD(Checkpoints, "checkpoint: holds everything acknowledged before, log included") {
    fill();
    const std::string before = content(*disk_->clone_after_crash(CrashOptions::keep_all()), "db");
    const CheckpointInfo info = take("copy", {.copy_tables = false, .verify = true});
    CHECK(info.tables > 0);
    CHECK(info.copied_tables == 0);
    CHECK(info.log_bytes > 0);
    CHECK(info.seqno == db().durable_seqno());
    CHECK(content(*disk_, "copy") == before);
}

TEST_CASE_METHOD(Checkpoints, "checkpoint: later writes, compaction and deletion leave it alone") {
    fill();
    const std::string before = content(*disk_->clone_after_crash(CrashOptions::keep_all()), "db");
    take("copy");
    fill('w');
    REQUIRE(db().compact_all().is_ok());
    executor_.run_until_idle();
    CHECK(content(*disk_, "copy") == before);
    CHECK(get("last") == "w");
}

TEST_CASE_METHOD(Checkpoints, "checkpoint: survives a power failure right after it returned") {
    fill();
    const std::string before = content(*disk_->clone_after_crash(CrashOptions::keep_all()), "db");
    SECTION("into a new directory") {}
    SECTION("into an empty one whose name nobody had synced") {
        REQUIRE(disk_->create_dir("copy").is_ok());
    }
    take("copy/");
    const auto survivor = disk_->clone_after_crash(CrashOptions::lose_all());
    CHECK(content(*survivor, "copy") == before);
}

TEST_CASE_METHOD(Checkpoints, "checkpoint: a copy shares no file with the store") {
    fill();
    const CheckpointInfo info = take("copy", {.copy_tables = true, .verify = true});
    CHECK(info.copied_tables == info.tables);
    const std::string before = content(*disk_, "copy");
    for (const std::string& name : disk_->files("db"))
        if (name.ends_with(".sst")) disk_->corrupt("db/" + name, 20);
    CHECK(content(*disk_, "copy") == before);
}

TEST_CASE_METHOD(Checkpoints, "checkpoint: verification finds damage that the store still has") {
    fill();
    executor_.run_until_idle();
    const std::vector<std::string> names = disk_->files("db");
    for (const std::string& name : names)
        if (name.ends_with(".sst")) disk_->corrupt("db/" + name, 20);
    const auto info = db().checkpoint("copy", {.copy_tables = false, .verify = true});
    CHECK(info.status().is(Code::kCorruption));
    CHECK(content(*disk_, "copy").find("not_found") == 0);
}

TEST_CASE_METHOD(Checkpoints,
                 "checkpoint: a directory that holds something is refused, untouched") {
    fill();
    disk_->write_file("copy/mine", "precious");
    CHECK(db().checkpoint("copy").status().is(Code::kInvalidArgument));
    CHECK(db().checkpoint("db").status().is(Code::kInvalidArgument));
    CHECK(disk_->files("copy") == std::vector<std::string>{"mine"});
}

TEST_CASE_METHOD(Checkpoints,
                 "checkpoint: of two into one directory one is made, the other refused") {
    fill();
    const std::string before = content(*disk_->clone_after_crash(CrashOptions::keep_all()), "db");
    Status second;
    bool begun = false;
    disk_->set_before_op_hook([&](const Operation& operation) {
        if (operation.kind != OpKind::kLink || begun) return;
        begun = true;
        second = db().checkpoint("copy").status();
    });
    take("copy");
    disk_->set_before_op_hook({});
    CHECK(begun);
    CHECK(second.is(Code::kLocked));
    CHECK(content(*disk_, "copy") == before);
}

TEST_CASE_METHOD(Checkpoints, "checkpoint: one that failed may be repeated in the same directory") {
    fill();
    const std::string before = content(*disk_->clone_after_crash(CrashOptions::keep_all()), "db");
    disk_->set_fault_hook([](const Operation& operation) {
        return operation.kind == OpKind::kLink ? Fault::kEio : Fault::kNone;
    });
    CHECK(db().checkpoint("copy").status().is(Code::kIoError));
    disk_->clear_faults();
    take("copy");
    CHECK(content(*disk_, "copy") == before);
}

TEST_CASE_METHOD(Checkpoints, "checkpoint: a fault at any operation leaves nothing that opens") {
    fill();
    executor_.run_until_idle();
    const uint64_t before = disk_->operation_count();
    take("probe");
    const uint64_t operations = disk_->operation_count() - before;
    CHECK(operations > 10);
    for (uint64_t i = 1; i < operations; ++i) {
        CAPTURE(i);
        const std::string dir = "copy" + std::to_string(i);
        disk_->fail_at(disk_->operation_count() + i, Fault::kEio);
        const auto info = db().checkpoint(dir);
        const std::string text = content(*disk_, dir);
        if (info.is_ok()) continue;  // the fault hit something that may fail
        CHECK(text.find("not_found") == 0);
        if (db().stats().state != StoreState::kOk) executor_.advance_to_next_delayed();
        executor_.run_until_idle();
    }
}
