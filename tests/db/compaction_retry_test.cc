// What compaction does about a disk that fails: a table that it does not give, a MANIFEST that it
// does not take.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "db/regression_fixture.h"

using namespace kv;
using namespace kv::test;

namespace {

constexpr int kGroup = 4;

/// Level 0 holds two groups of tables, one over the keys a and b, one over x and y, which a merge
/// each takes to the last level. The first table of the first group may be made unreadable.
struct TwoGroups : RegressionFixture {
    TwoGroups() {
        options_.level0_compaction_trigger = 2 * kGroup;
        options_.level0_stop_trigger = 3 * kGroup;
        options_.compaction_threads = 1;
    }
    void add_table(const char* first, const char* last) {
        REQUIRE(put(first, "v").status.is_ok());
        REQUIRE(put(last, "v").status.is_ok());
        REQUIRE(db().flush().is_ok());
    }
    void make_group(const char* first, const char* last) {
        for (int i = 0; i < kGroup; ++i) add_table(first, last);
    }
    /// From now on; whether it is open before makes a difference.
    void fail_first_table(OpKind kind, bool is_open) {
        settle();
        name_ = files_ending(*disk_, ".sst").front();
        if (is_open) REQUIRE(get("aa") == "-");
        fail_all(*disk_, kind, name_, Fault::kEio);
    }
    /// Seconds until something that is waited for is so; an hour, if that does not come.
    template <class Condition>
    uint64_t seconds_until(Condition condition) {
        const uint64_t began_ms = clock_.wall_ms(), end_ms = began_ms + 3'600'000;
        executor_.run_until_idle();
        while (!condition() && clock_.wall_ms() < end_ms && executor_.advance_to_next_delayed()) {
            executor_.run_until_idle();
        }
        CHECK(condition());
        return (clock_.wall_ms() - began_ms) / 1000;
    }
    void wait_seconds(uint64_t seconds) {
        const uint64_t end_ms = clock_.wall_ms() + 1000 * seconds;
        seconds_until([&] { return clock_.wall_ms() >= end_ms; });
    }
    auto lines_with(std::string_view part) const {
        return std::count_if(log_.begin(), log_.end(),
                             [&](const std::string& line) { return has(line, part); });
    }
    uint64_t tables(size_t level) { return db().stats().levels[level].tables; }

    std::string name_;
};

}  // namespace

TEST_CASE("compaction: a table that cannot be read is left out and named while others are merged") {
    const bool is_open = GENERATE(true, false);
    CAPTURE(is_open);
    TwoGroups f;
    f.make_group("a", "b");
    f.fail_first_table(OpKind::kRead, is_open);
    f.make_group("x", "y");
    CHECK(f.seconds_until([&] { return f.tables(6) == 1; }) <= 1);
    CHECK(f.tables(0) == kGroup);
    StoreStats stats = f.db().stats();
    CHECK(stats.state == StoreState::kOk);
    CHECK(has(stats.state_reason, "compaction: io_error: read db/" + f.name_));
    CHECK(f.logged("compaction leaves out " + f.name_ + " for 1000 ms"));
    REQUIRE(f.put("later", "v").status.is_ok());

    f.disk_->clear_faults();
    CHECK(f.seconds_until([&] { return f.db().stats().state_reason.empty(); }) <= 2);
    f.make_group("a", "b");  // enough of them for a merge
    f.settle();
    CHECK(f.tables(0) == 0);
    CHECK(f.get("a") == "v");
}

TEST_CASE("compaction: a table that cannot be read is tried ever more rarely") {
    TwoGroups f;
    f.make_group("a", "b");
    const bool is_open = GENERATE(true, false);
    CAPTURE(is_open);
    f.fail_first_table(OpKind::kRead, is_open);
    f.make_group("a", "b");
    f.wait_seconds(1200);
    CHECK(f.lines_with("compaction failed") == 1);  // no merge in vain
    CHECK(f.logged(" for 4000 ms"));
    CHECK(f.logged(" for 8000 ms"));
    CHECK(f.logged(" for 16000 ms") == is_open);
    CHECK(f.logged(" for 256000 ms") == is_open);
    const auto tries = f.lines_with("compaction leaves out");
    CHECK(tries > (is_open ? 8 : 100));
    CHECK(tries < (is_open ? 16 : 160));
}

TEST_CASE("compaction: a level 0 that a table which cannot be read keeps full refuses, and says") {
    TwoGroups f;
    f.make_group("a", "b");
    f.fail_first_table(OpKind::kRead, true);
    f.make_group("a", "b");
    f.make_group("a", "b");
    f.let_time_pass();
    const StoreStats stats = f.db().stats();
    CHECK(stats.state == StoreState::kReadOnly);
    CHECK(has(stats.state_reason, "level 0: io_error: read db/" + f.name_));
    CHECK(f.put("refused", "v").status.is(Code::kReadOnly));
    f.disk_->clear_faults();
    f.seconds_until([&] { return f.tables(0) == 0; });
    CHECK(f.db().stats().state == StoreState::kOk);
    CHECK(f.db().stats().state_reason == "");
    CHECK(f.put("taken", "v").status.is_ok());
}

TEST_CASE("compaction: tables that no file descriptor is left for are not damaged") {
    TwoGroups f;
    f.make_group("a", "b");
    f.settle();
    fail_all(*f.disk_, OpKind::kOpen, ".sst", Fault::kEio);
    f.make_group("a", "b");
    f.wait_seconds(1200);
    CHECK(f.tables(0) > kGroup);  // what is alone can be moved unread
    CHECK(has(f.db().stats().state_reason, "io_error: open"));
    CHECK_FALSE(f.logged("corruption"));
    CHECK_FALSE(f.logged("damage"));
    f.disk_->clear_faults();
    CHECK(f.seconds_until([&] { return f.db().stats().state_reason.empty(); }) <= 10);
    f.make_group("a", "b");
    f.settle();
    CHECK(f.tables(0) <= kGroup);
}

TEST_CASE("compaction: a full one tries a table that is left out, and tells why it cannot be") {
    TwoGroups f;
    f.make_group("a", "b");
    f.fail_first_table(OpKind::kRead, true);
    f.make_group("a", "b");
    f.let_time_pass(2);
    REQUIRE(f.logged("compaction leaves out"));
    const Status status = f.db().compact_all();
    CHECK(status.is(Code::kIoError));
    CHECK(has(status.message(), f.name_));
    f.disk_->clear_faults();
    CHECK(f.db().compact_all().is_ok());
    CHECK(f.db().stats().state_reason == "");
}

namespace {

/// A merge of level 0 has written its output when the MANIFEST begins to refuse every edit.
struct DoubtfulMerge : TwoGroups {
    DoubtfulMerge() {
        const std::string value(30'000, 'v');
        for (int i = 0; i < 2 * kGroup; ++i) {
            if (i == 2 * kGroup - 1) refuse_edits_after_output();
            REQUIRE(put("a", value).status.is_ok());
            REQUIRE(put("b", value).status.is_ok());
            REQUIRE(db().flush().is_ok());
        }
        settle();
        REQUIRE(logged("compaction failed, will try again: "));
    }
    /// The first table to come is that of a flush.
    void refuse_edits_after_output() {
        disk_->set_fault_hook([this](const Operation& operation) {
            if (operation.kind == OpKind::kCreate && has(operation.path, ".sst")) ++created_;
            return created_ > 1 && has(operation.path, "MANIFEST") ? Fault::kEio : Fault::kNone;
        });
    }
    uint64_t table_bytes_on_disk() const {
        uint64_t bytes = 0;
        for (const std::string& name : files_ending(*disk_, ".sst"))
            bytes += *disk_->file_size(in_db(name));
        return bytes;
    }

    int created_ = 0;
};

}  // namespace

TEST_CASE_METHOD(DoubtfulMerge, "compaction: nothing is merged while an edit of it is in doubt") {
    wait_seconds(60);
    CHECK(created_ == 2);
    CHECK(tables(0) == 2 * kGroup);
    const StoreStats stats = db().stats();
    // What was merged in vain cannot go yet, and counts.
    CHECK(stats.disk_used_bytes >=
          table_bytes_on_disk() + stats.wal_bytes + options_.wal_segment_bytes);

    disk_->clear_faults();
    CHECK(seconds_until([&] { return tables(0) == 0; }) <= 2);
    let_time_pass();
    CHECK(files_ending(*disk_, ".sst").size() == tables(6));
    crash();
    CHECK(tables(6) == 1);
    CHECK(get("b") == std::string(30'000, 'v'));
}

TEST_CASE_METHOD(DoubtfulMerge, "compaction: a full one is refused while an edit is in doubt") {
    CHECK(db().compact_all().is(Code::kIoError));
    CHECK(created_ == 2);
    disk_->clear_faults();
    CHECK(db().compact_all().is_ok());
}

TEST_CASE_METHOD(DoubtfulMerge, "compaction: goes on when somebody else's edit settles the doubt") {
    disk_->clear_faults();
    REQUIRE(put("c", "v").status.is_ok());
    REQUIRE(db().flush().is_ok());
    wait_seconds(2);
    CHECK(tables(0) <= 1);
    CHECK(files_ending(*disk_, ".sst").size() == tables(0) + tables(6));
}
