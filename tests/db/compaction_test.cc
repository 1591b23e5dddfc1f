// Compaction as the store runs it: beside writers, beside itself, and while the store closes.
// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <utility>

#include "db/regression_fixture.h"

using namespace kv;
using namespace kv::test;

namespace {

constexpr int kTrigger = 4;

/// A store on one compaction thread, with tables of many slices.
struct BigTables : RegressionFixture {
    BigTables() {
        options_.memtable_bytes = 8U << 20;
        options_.table_bytes = 8U << 20;
        options_.wal_segment_bytes = 8U << 20;
        options_.level1_bytes = 1U << 30;
        options_.level0_compaction_trigger = kTrigger;
        options_.compaction_threads = 1;
    }
    void put_big(const std::string& prefix, int megabytes) {
        for (int i = 0; i < 10 * megabytes; ++i) {
            REQUIRE(put(prefix + std::to_string(i), std::string(100'000, 'v')).status.is_ok());
        }
    }
    /// Enough tables in level 0 for a merge, all over the same keys.
    void fill_level0(const std::string& prefix) {
        for (int i = 0; i < kTrigger; ++i) {
            REQUIRE(put(prefix + "1", "v").status.is_ok());
            REQUIRE(put(prefix + "9", "v").status.is_ok());
            REQUIRE(db().flush().is_ok());
        }
    }
    /// Runs `body` on the compaction lane, in front of the next slice of the job that is about to
    /// write its first table.
    void when_compaction_writes(std::function<void()> body) {
        disk_->set_fault_hook(
            [this, body = std::move(body), ran = false](const Operation& operation) mutable {
                if (!ran && operation.kind == OpKind::kCreate && has(operation.path, ".sst")) {
                    ran = true;
                    executor_.post(Lane::kCompaction, body);
                }
                return Fault::kNone;
            });
    }
    /// Positions in the log.
    std::vector<int> lines_with(std::string_view part) const {
        std::vector<int> lines;
        for (size_t i = 0; i < log_.size(); ++i) {
            if (has(log_[i], part)) lines.push_back(static_cast<int>(i));
        }
        return lines;
    }
};

}  // namespace

TEST_CASE("compaction: a full one and a load into a gap between its tables do not collide") {
    BigTables f;
    f.put_big("a", 3);
    REQUIRE(f.db().compact_all().is_ok());
    f.put_big("m", 3);
    REQUIRE(f.db().flush().is_ok());
    f.let_time_pass();  // at rest, it is moved
    REQUIRE(f.db().stats().levels[6].tables == 2);
    bool loaded = false;
    f.when_compaction_writes([&] {
        f.fill_level0("d");
        loaded = true;
    });
    const Status status = f.db().compact_all();
    INFO(status.to_string());
    CHECK(status.is_ok());
    REQUIRE(loaded);
    f.settle();
    const StoreStats stats = f.db().stats();
    CHECK(stats.state == StoreState::kOk);
    CHECK(stats.state_reason == "");
    CHECK(stats.levels[0].tables == 0);
    CHECK(f.get("d1") == "v");
    CHECK_FALSE(f.logged("order check"));
}

TEST_CASE("compaction: level 0 goes between the steps of a full one") {
    BigTables f;
    f.options_.table_bytes = 1U << 20;
    f.options_.level1_bytes = 1U << 20;
    for (const char* prefix : {"a", "c", "e"}) {
        f.put_big(prefix, 6);
        REQUIRE(f.db().compact_all().is_ok());
    }
    f.log_.clear();
    bool loaded = false;
    f.when_compaction_writes([&] {
        f.fill_level0("x");
        loaded = true;
    });
    REQUIRE(f.db().compact_all().is_ok());
    REQUIRE(loaded);
    const std::vector<int> steps = f.lines_with("compaction: full compaction, the last level");
    const std::vector<int> level0 = f.lines_with("compaction: level 0 holds");
    REQUIRE(steps.size() == 3);
    REQUIRE(level0.size() == 1);
    CHECK(level0[0] < steps[1]);
}

TEST_CASE("compaction: a full one ends when the store closes, also behind its last slice") {
    int cancelled = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        RegressionFixture f(seed);
        REQUIRE(f.put("a", "1").status.is_ok());
        REQUIRE(f.db().flush().is_ok());
        f.settle();
        f.executor_.post(Lane::kLog, [&] { f.close(); });
        Db& db = f.db();
        const Status status = db.compact_all();
        INFO(status.to_string());
        CHECK((status.is_ok() || status.is(Code::kCancelled)));
        cancelled += status.is(Code::kCancelled) ? 1 : 0;
        f.settle();
    }
    CHECK(cancelled > 0);
}

namespace {

/// An operator's hand on the wall clock: it is turned back and forth, time goes on.
class TurnedClock final : public Clock {
  public:
    explicit TurnedClock(const FakeClock& clock) : clock_(clock) {}
    uint64_t wall_ms() const override { return clock_.wall_ms() - turned_back_ms_; }
    uint64_t monotonic_us() const override { return clock_.monotonic_us(); }

    uint64_t turned_back_ms_ = 0;

  private:
    const FakeClock& clock_;
};

}  // namespace

TEST_CASE("compaction: what expires is dropped in time after the wall clock was set back") {
    RegressionFixture f;
    TurnedClock clock(f.clock_);
    f.options_.file_system = f.disk_.get();
    f.options_.clock = &clock;
    f.options_.executor = &f.executor_;
    auto opened = Db::open(f.options_, "db");
    REQUIRE(opened.is_ok());
    f.db_ = std::move(*opened);
    WriteBatch batch;
    for (int i = 0; i < 10; ++i) {
        batch.put_with_expiry(numbered_key(i), "v", clock.wall_ms() + 100'000);
    }
    REQUIRE(f.db().write(std::move(batch)).status.is_ok());
    REQUIRE(f.db().compact_all().is_ok());
    f.settle();
    REQUIRE(f.db().stats().levels[6].entries == 10);
    clock.turned_back_ms_ = 50'000;
    const auto wait_until = [&f](uint64_t end_ms) {  // on the clock that is not turned
        while (f.clock_.wall_ms() < end_ms && f.executor_.advance_to_next_delayed()) f.settle();
    };
    const uint64_t set_back_ms = f.clock_.wall_ms();
    wait_until(set_back_ms + 100'000);
    CHECK(f.db().stats().levels[6].entries == 10);
    wait_until(set_back_ms + 150'000);
    CHECK(f.db().stats().levels[6].entries == 0);
    // One timer, however often it was set.
    CHECK(f.executor_.delayed() <= 1);
    f.close();
}
