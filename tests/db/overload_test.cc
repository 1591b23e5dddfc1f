// Writes while compaction lags: slowed, refused with a time to come back, let in again.
// SPDX-License-Identifier: Apache-2.0
#include "db/admission.h"
#include "db/db_fixture.h"

using namespace kv;
using namespace kv::test;

namespace {

constexpr int kStop = 8;

struct Answers final : WriteObserver {
    void on_written(std::unique_ptr<WriteRequest> request) override {
        results.push_back(std::move(request->result));
    }
    std::vector<WriteResult> results;
};

struct OverloadFixture : DbFixture {
    OverloadFixture() {
        options_.level0_compaction_trigger = 2;
        options_.level0_stop_trigger = kStop;
    }

    /// Runs `body` while no compaction gets a turn.
    template <class Body>
    void without_compaction(Body body) {
        (void)db();
        executor_.run_until_idle();
        bool ran = false;
        executor_.post(Lane::kCompaction, [&] {
            body();
            ran = true;
        });
        while (!ran) executor_.run_one();
    }
    void fill_level0(int tables) {
        for (int i = 0; i < tables; ++i) {
            REQUIRE(put("key" + std::to_string(i), "v").status.is_ok());
            REQUIRE(db().flush().is_ok());
        }
    }
    /// Fills level 0 with tables that cannot just be moved down, and leaves `key` in the memtable,
    /// acknowledged but not durable.
    void fill_level0_behind(Bytes key) {
        for (int i = 0; i < kStop - 1; ++i) {
            REQUIRE(put("a", "1").status.is_ok());
            REQUIRE(put("z", "1").status.is_ok());
            REQUIRE(db().flush().is_ok());
        }
        REQUIRE(put("m", std::string(options_.memtable_bytes, 'v')).status.is_ok());
        clock_.advance_ms(100);  // no pause, in which the memtable could be flushed
        REQUIRE(put(key, "v", Durability::kMemory).status.is_ok());
        while (db().stats().levels[0].tables < kStop) REQUIRE(executor_.run_one());
    }
    void let_no_table_be_written() {
        disk_->set_fault_hook([](const Operation& operation) {
            const bool is_table = operation.path.find(".sst") != std::string::npos;
            return operation.kind == OpKind::kWrite && is_table ? Fault::kEnospc : Fault::kNone;
        });
    }
    Status submit(Bytes key, Bytes value = "v") {
        std::vector<std::unique_ptr<WriteRequest>> requests;
        requests.push_back(std::make_unique<WriteRequest>());
        requests[0]->batch.put(key, value);
        requests[0]->durability = Durability::kMemory;
        requests[0]->observer = &answers_;
        answers_.results.clear();
        db().submit(std::move(requests));
        while (answers_.results.empty() && executor_.run_one()) {
        }
        return answers_.results.empty() ? Status(Code::kWouldBlock, "")
                                        : answers_.results[0].status;
    }

    Answers answers_;
};

}  // namespace

TEST_CASE("overload: a submitted write is refused with a time to come back, a sync is not") {
    OverloadFixture f;
    f.without_compaction([&] {
        f.fill_level0(kStop);
        CHECK(f.submit("first").is(Code::kWouldBlock));  // finds out: waits in the queue
        const Status refused = f.submit("second");
        CHECK(refused.is(Code::kOverloaded));
        CHECK(refused.detail() > 0);
        CHECK(f.db().stats().refused_writes == 1);
        CHECK(f.logged("writes are refused: flush and compaction lag"));
        CHECK(f.db().stats().state == StoreState::kOk);
    });
    f.executor_.run_until_idle();
    CHECK(f.get("first") == "v");
    CHECK(f.get("second") == "-");
    CHECK(f.submit("third").is_ok());
    CHECK(f.db().sync().is_ok());
}

TEST_CASE("overload: a blocking write waits for a bounded time, then is refused too") {
    OverloadFixture f;
    f.without_compaction([&] {
        f.fill_level0(kStop);
        const uint64_t began_us = f.clock_.monotonic_us();
        CHECK(f.put("a", "1").status.is(Code::kOverloaded));
        const uint64_t waited_ms = (f.clock_.monotonic_us() - began_us) / 1000;
        CHECK(waited_ms >= 10'000);
        CHECK(waited_ms < 11'000);
    });
    CHECK(f.put("a", "2").status.is_ok());
    CHECK(f.get("a") == "2");
}

TEST_CASE("overload: nobody has to write for the store to take submitted writes again") {
    OverloadFixture f;
    f.without_compaction([&] {
        f.fill_level0(kStop);
        CHECK(f.put("a", "1").status.is(Code::kOverloaded));
        CHECK(f.submit("b").is(Code::kOverloaded));
    });
    f.executor_.run_until_idle();
    CHECK(f.submit("c").is_ok());
}

TEST_CASE("overload: below the limit writes are slowed in short pauses, none is refused") {
    OverloadFixture f;
    f.options_.memtable_bytes = 8U << 20;
    f.options_.wal_segment_bytes = 16U << 20;
    f.without_compaction([&] {
        f.fill_level0(kStop - 1);
        const uint64_t began_us = f.clock_.monotonic_us();
        uint64_t longest_us = 0;
        const std::string value(1000, 'v');
        for (int i = 0; i < 3000; ++i) {
            const uint64_t before_us = f.clock_.monotonic_us();
            REQUIRE(f.put("key", value, Durability::kOs).status.is_ok());
            longest_us = std::max(longest_us, f.clock_.monotonic_us() - before_us);
        }
        CHECK(f.clock_.monotonic_us() > began_us);  // only pauses move this clock
        CHECK(longest_us <= db::Admission::kGrainUs + 2000);
        CHECK(f.db().stats().delayed_writes > 0);
        CHECK(f.db().stats().write_stall_us > 0);
        CHECK(f.db().stats().refused_writes == 0);
    });
    f.executor_.run_until_idle();
    const uint64_t after_us = f.clock_.monotonic_us();
    for (int i = 0; i < 1000; ++i) REQUIRE(f.put("key", "v", Durability::kOs).status.is_ok());
    CHECK(f.clock_.monotonic_us() == after_us);
}

TEST_CASE("overload: a full level 0 whose merge finds no room is refused and taken back unasked") {
    OverloadFixture f;
    f.without_compaction([&] { f.fill_level0_behind("last"); });
    CHECK(f.db().stats().state == StoreState::kOk);
    f.let_no_table_be_written();
    f.executor_.run_until_idle();
    CHECK(f.db().stats().state == StoreState::kNoSpace);  // though nobody has written
    f.disk_->clear_faults();
    while (f.db().stats().state != StoreState::kOk && f.executor_.advance_to_next_delayed())
        f.executor_.run_until_idle();
    CHECK(f.submit("a").is_ok());
}

TEST_CASE("overload: what writes nothing new goes on at once: sync, flush and checkpoint") {
    OverloadFixture f;
    f.without_compaction([&] {
        f.fill_level0_behind("last");
        const uint64_t began_us = f.clock_.monotonic_us();
        CHECK(f.db().sync().is_ok());
        CHECK(f.db().checkpoint("copy").is_ok());
        CHECK(f.db().flush().is_ok());
        CHECK(f.clock_.monotonic_us() == began_us);
    });
}

TEST_CASE("overload: a sync behind writes that wait is answered when they are") {
    OverloadFixture f;
    f.options_.max_queued_write_bytes = 1U << 20;
    f.without_compaction([&] {
        f.fill_level0_behind("last");
        CHECK(f.submit("huge", std::string(2U << 20, 'v')).is(Code::kWouldBlock));
        CHECK(f.submit("too much").is(Code::kOverloaded));
        CHECK(f.db().sync().is_ok());
        REQUIRE(f.answers_.results.size() == 2);
        CHECK(f.answers_.results[1].status.is(Code::kOverloaded));
    });
}

TEST_CASE("overload: a store that refuses writes still syncs, checkpoints and closes durably") {
    OverloadFixture f;
    f.without_compaction([&] { f.fill_level0_behind("last"); });
    f.let_no_table_be_written();
    f.executor_.run_until_idle();
    REQUIRE(f.put("refused", "v").status.is(Code::kNoSpace));
    SECTION("sync and checkpoint") {
        CHECK(f.db().sync().is_ok());
        CHECK(f.db().checkpoint("copy").is_ok());
        CHECK(f.db().flush().is(Code::kNoSpace));
    }
    SECTION("closing syncs what was acknowledged without") {
        f.close();
        f.disk_ = f.disk_->clone_after_crash(CrashOptions::lose_all());
        CHECK(f.get("last") == "v");
    }
}

TEST_CASE("overload: a flush asked for meanwhile does not make it last for ever") {
    OverloadFixture f;
    f.without_compaction([&] {
        f.fill_level0_behind("last");
        CHECK(f.put("b", "1").status.is(Code::kOverloaded));
        CHECK(f.submit("c").is(Code::kOverloaded));
        CHECK(f.db().flush().is_ok());
        CHECK(f.submit("d").is(Code::kOverloaded));
    });
    f.executor_.run_until_idle();
    CHECK(f.db().stats().levels[0].tables < kStop);
    CHECK(f.submit("e").is_ok());
}

TEST_CASE("overload: a time in which nobody waits is no stall, and a write is delayed once") {
    OverloadFixture f;
    f.without_compaction([&] {
        f.fill_level0_behind("last");
        const StoreStats before = f.db().stats();
        CHECK(f.put("a", "1").status.is(Code::kOverloaded));  // after 10 s of looking
        f.clock_.advance_ms(100'000);
        CHECK(f.submit("b").is(Code::kOverloaded));
        CHECK(f.db().stats().delayed_writes == before.delayed_writes + 1);
    });
    f.executor_.run_until_idle();
    REQUIRE(f.submit("c").is_ok());
    CHECK(f.db().stats().write_stall_us >= 10'000'000);
    CHECK(f.db().stats().write_stall_us < 12'000'000);
}
