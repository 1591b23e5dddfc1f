// A log segment that is left to the log care lane to seal: what the store makes of a crash, a
// killed process and a failed seal before that has happened.
// SPDX-License-Identifier: Apache-2.0
#include "db/regression_fixture.h"

using namespace kv;
using namespace kv::test;

namespace {

/// Writes at `os` go to segment 2, whose header is written; segment 1 is not sealed yet.
struct UnsealedFixture : RegressionFixture {
    static constexpr size_t kValueBytes = 1000;
    int written = 0;

    UnsealedFixture() {
        options_.wal_segment_bytes = 4U << 10;
        write(1, Durability::kDisk);
        executor_.run_until_idle();
        while (has_no_header("000002.wal")) write(1, Durability::kOs);
        write(2, Durability::kOs);
    }
    void write(int count, Durability durability) {
        for (int i = 0; i < count; ++i) {
            const WriteResult result =
                put(numbered_key(written), std::string(kValueBytes, 'v'), durability);
            INFO(result.status.to_string());
            REQUIRE(result.status.is_ok());
            ++written;
        }
    }
    bool has_no_header(std::string_view name) const {
        const auto content = disk_->read_file(in_db(name));
        return !content.is_ok() || content->size() < 8 || (*content)[0] == '\0';
    }
    /// As when the last page of segment 1 was not written back, and all of segment 2 was.
    void cut_segment_1() {
        std::string bytes = content_of(*disk_, "000001.wal");
        bytes.resize(bytes.find_last_not_of('\0') - 100);
        disk_->write_file("db/000001.wal", bytes);
    }
    int found() {
        int count = 0;
        for (int i = 0; i < written; ++i) count += get(numbered_key(i)) == "-" ? 0 : 1;
        return count;
    }
    /// Whether what a power failure left is a beginning of history.
    void check_prefix(int at_least) {
        const int count = found();
        CHECK(count >= at_least);
        for (int i = 0; i < count; ++i) CHECK(get(numbered_key(i)) != "-");
    }
};

/// From here on; `killed` gets what a kill before each operation leaves.
void fail_syncs_of_segment_1(RegressionFixture& f,
                             std::vector<std::unique_ptr<CrashFileSystem>>& killed) {
    CrashFileSystem& disk = *f.disk_;
    disk.set_failed_sync(FailedSync::kStayDirty);  // so that a clone is what a kill leaves
    fail_all(disk, OpKind::kSync, "000001.wal", Fault::kSyncFails);
    disk.set_before_op_hook([&](const Operation&) {
        killed.push_back(disk.clone_after_crash(CrashOptions::keep_all()));
    });
}

}  // namespace

TEST_CASE("unsealed log: a killed process loses nothing, a power failure what was not durable") {
    UnsealedFixture f;
    SECTION("killed") {
        f.kill_only();
        CHECK(f.found() == f.written);
    }
    SECTION("power failure, nothing kept") {
        f.crash(CrashOptions::lose_all());
        CHECK(f.found() == 1);
    }
    SECTION("power failure, some kept") {
        const uint64_t seed = GENERATE(range(1U, 40U));
        CAPTURE(seed);
        f.crash(CrashOptions::random(seed));
        f.check_prefix(1);
        // And what recovery decided stays so.
        const int kept = f.found();
        f.crash(CrashOptions::lose_all());
        CHECK(f.found() == kept);
    }
}

TEST_CASE("unsealed log: a durable write waits for the seal") {
    UnsealedFixture f;
    const uint64_t from = f.disk_->operation_count();
    f.write(1, Durability::kDisk);
    const std::string journal = f.disk_->journal_text("db", from);
    const size_t seal = journal.find("sync 000001.wal\n");
    const size_t sync = journal.find("sync 000002.wal\n");
    INFO(journal);
    REQUIRE(seal != std::string::npos);
    CHECK(seal < sync);
    f.crash(CrashOptions::lose_all());
    CHECK(f.found() == f.written);
}

TEST_CASE("unsealed log: a log cut in front of it is told, and goes on after a restart") {
    UnsealedFixture f;
    f.kill_only();
    f.cut_segment_1();
    const int found = f.found();
    CHECK(found == f.written - 4);  // the last of segment 1, and all of segment 2
    CHECK(f.logged("and with it db/000002.wal"));
    f.executor_.run_until_idle();
    REQUIRE(f.db().flush().is_ok());  // segment 1 is not needed any more
    f.crash(CrashOptions::lose_all());
    CHECK(f.found() == found);
    f.written = found;
    f.write(9, Durability::kDisk);
    f.crash(CrashOptions::lose_all());
    CHECK(f.found() == found + 9);
}

TEST_CASE("unsealed log: a seal that fails loses nothing, not even to a kill meanwhile") {
    UnsealedFixture f;
    std::vector<std::unique_ptr<CrashFileSystem>> killed;
    fail_syncs_of_segment_1(f, killed);
    f.let_time_pass();
    f.disk_->set_before_op_hook({});
    CHECK(f.logged("sync"));
    CHECK(f.db().stats().state == StoreState::kOk);
    CHECK(killed.size() > 8);
    f.write(3, Durability::kOs);
    REQUIRE(f.db().sync().is_ok());
    f.crash(CrashOptions::lose_all());
    CHECK(f.found() == f.written);
    f.written -= 3;
    for (size_t i = 0; i < killed.size(); ++i) {
        CAPTURE(i);
        f.close();
        f.disk_ = std::move(killed[i]);
        CHECK(f.found() == f.written);
    }
}

TEST_CASE("log: a killed process loses no os write while a failed sync is made good") {
    RegressionFixture f;
    REQUIRE(f.put("a", "1", Durability::kDisk).status.is_ok());
    REQUIRE(f.put("b", "2", Durability::kOs).status.is_ok());
    std::vector<std::unique_ptr<CrashFileSystem>> killed;
    fail_syncs_of_segment_1(f, killed);
    CHECK(f.put("c", "3", Durability::kDisk).status.is(Code::kInDoubt));
    f.let_time_pass();
    f.disk_->set_before_op_hook({});
    f.disk_->clear_faults();
    CHECK(f.put("d", "4", Durability::kDisk).status.is_ok());
    f.crash(CrashOptions::lose_all());
    CHECK(f.scan() == "a=1 b=2 c=3 d=4");
    CHECK(killed.size() > 4);
    for (size_t i = 0; i < killed.size(); ++i) {
        CAPTURE(i);
        f.close();
        f.disk_ = std::move(killed[i]);
        CHECK(f.get("a") == "1");
        CHECK(f.get("b") == "2");
    }
}
