// The disk budget: db/disk_budget.h.
// SPDX-License-Identifier: Apache-2.0
#include "db/disk_budget.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <utility>

#include "db_fixture.h"

using namespace kv;
using namespace kv::db;
using namespace kv::test;

namespace {

WriteBatch put_batch() {
    WriteBatch batch;
    batch.put("k", "v");
    return batch;
}
WriteBatch delete_batch() {
    WriteBatch batch;
    batch.del("k");
    batch.delete_range("a", "b");
    return batch;
}

WriteBatch range_delete_batch() {
    WriteBatch batch;
    batch.delete_range("a", std::nullopt);
    return batch;
}

class Budgeted : public DbFixture {
  public:
    Budgeted() {
        options_.disk_budget_bytes = 2U << 20;
        options_.memtable_bytes = 64U << 10;
        options_.wal_segment_bytes = 64U << 10;
        options_.compression = Compression::kNone;  // what is written is what it takes
    }
    uint64_t directory_bytes() const {
        uint64_t bytes = 0;
        for (const std::string& name : disk_->files("db"))
            bytes += disk_->file_size("db/" + name).value_or(0);
        return bytes;
    }
    /// Puts until one is refused; how many there were.
    int fill(size_t value_bytes = 1000) {
        Status last;
        int written = 0;
        for (; written < 10000; ++written) {
            last =
                put("key" + std::to_string(written), std::string(value_bytes, 'v'), Durability::kOs)
                    .status;
            REQUIRE(directory_bytes() <= options_.disk_budget_bytes);
            if (last.is_ok()) continue;
            // A merge that runs may need the room; the store is full when none does.
            executor_.run_until_idle();
            REQUIRE(directory_bytes() <= options_.disk_budget_bytes);
            if (db().stats().state != StoreState::kOk) break;
            --written;
        }
        CHECK(last.is(Code::kNoSpace));
        return written;
    }
    void settle() {
        for (int i = 0; i < 20; ++i) {
            executor_.run_until_idle();
            REQUIRE(directory_bytes() <= options_.disk_budget_bytes);
            if (!executor_.advance_to_next_delayed()) break;
        }
    }
};

}  // namespace

TEST_CASE("disk budget: none refuses nothing") {
    Options options;
    options.memtable_bytes = 1;
    DiskBudget budget(options);
    budget.update(UINT64_MAX / 2);
    CHECK_FALSE(budget.refuses(put_batch()));
    CHECK(budget.has_room_for(1ULL << 40));
}

TEST_CASE("disk budget: refuses puts first, deletes only when half of the reserve is gone") {
    Options options;
    options.memtable_bytes = 1U << 20;
    options.wal_segment_bytes = 1U << 20;
    options.table_bytes = 1U << 20;
    options.disk_budget_bytes = 100U << 20;  // reserve: 4 + 2 + 4 MiB
    DiskBudget budget(options);
    budget.update(90U << 20);
    CHECK_FALSE(budget.refuses(put_batch()));
    budget.update((90U << 20) + 1);
    CHECK(budget.refuses(put_batch()));
    CHECK_FALSE(budget.refuses(delete_batch()));
    CHECK_FALSE(budget.refuses(WriteBatch()));
    WriteBatch both = delete_batch();
    both.put("k", "v");
    CHECK(budget.refuses(both));
    budget.update((95U << 20) + 1);
    CHECK(budget.refuses(delete_batch()));
    CHECK_FALSE(budget.refuses(range_delete_batch()));
    CHECK(budget.refusal().is(Code::kNoSpace));
    CHECK(budget.has_room_for(4U << 20));
    CHECK_FALSE(budget.has_room_for(5U << 20));
    budget.update(1);
    CHECK_FALSE(budget.refuses(put_batch()));
}

TEST_CASE("disk budget: what jobs may still write counts, but does not make the store short") {
    Options options;
    options.memtable_bytes = 1U << 20;
    options.wal_segment_bytes = 1U << 20;
    options.table_bytes = 1U << 20;
    options.disk_budget_bytes = 100U << 20;  // reserve: 10 MiB
    DiskBudget budget(options);
    budget.update(50U << 20);
    CHECK(budget.room_bytes() == 50U << 20);
    CHECK(budget.spare_bytes() == 40U << 20);
    CHECK(budget.urgent_bytes() == (50U << 20) - (10U << 18));
    budget.promise(41U << 20);
    CHECK(budget.refuses(put_batch()));
    CHECK_FALSE(budget.refuses(delete_batch()));
    CHECK_FALSE(budget.is_short());
    CHECK(budget.has_room_for(9U << 20));
    CHECK_FALSE(budget.has_room_for(10U << 20));
    CHECK(budget.spare_bytes() == 0);
    budget.promise(41U << 20, 41U << 20);  // written, so they may be among what is used
    CHECK_FALSE(budget.refuses(put_batch()));
    CHECK(budget.room_bytes() == 9U << 20);
    budget.promise(41U << 20, 1U << 20);
    CHECK_FALSE(budget.refuses(put_batch()));
    budget.promise((41U << 20) + 1, 1U << 20);
    CHECK(budget.refuses(put_batch()));
    budget.promise(0);
    CHECK_FALSE(budget.refuses(put_batch()));
    budget.update(91U << 20);
    CHECK(budget.is_short());
    budget.update(96U << 20);
    CHECK(budget.urgent_bytes() == 4U << 20);
}

TEST_CASE("disk budget: one that its parts cannot work with is refused at open") {
    Options options;
    options.disk_budget_bytes = 1U << 20;
    CHECK(validate_options(options).message().find("disk_budget_bytes") != std::string_view::npos);
}

TEST_CASE_METHOD(Budgeted, "disk budget: an open store stays within it and comes back by itself") {
    Status last;
    int written = 0;
    for (int i = 0; i < 10000 && last.is_ok(); ++i) {
        last = put("key" + std::to_string(i), std::string(1000, 'v'), Durability::kOs).status;
        written += last.is_ok() ? 1 : 0;
        REQUIRE(directory_bytes() <= options_.disk_budget_bytes);
    }
    INFO(last.to_string());
    CHECK(last.is(Code::kNoSpace));
    CHECK(written > 500);
    CHECK(db().stats().state == StoreState::kNoSpace);
    CHECK(db().stats().disk_used_bytes <= options_.disk_budget_bytes);
    CHECK(db().stats().no_room_writes == 1);
    CHECK(logged("writes are refused: the store uses "));
    CHECK(get("key1") == std::string(1000, 'v'));
    for (int i = 0; i < written; ++i)
        REQUIRE(db().del("key" + std::to_string(i), Durability::kOs).status.is_ok());
    REQUIRE(db().compact_all().is_ok());
    executor_.run_until_idle();
    CHECK(put("again", "1").status.is_ok());
    CHECK(db().stats().state == StoreState::kOk);
    CHECK(logged("disk budget: there is room again"));
}

TEST_CASE_METHOD(Budgeted, "disk budget: a full store is emptied by deletes alone") {
    // All deletes together are far from filling a memtable.
    const int written = fill(10'000);
    CHECK(written > 50);
    for (int i = 0; i < written; ++i) {
        Status deleted;
        for (int attempt = 0; attempt < 5; ++attempt) {
            deleted = db().del("key" + std::to_string(i), Durability::kOs).status;
            if (deleted.is_ok()) break;
            executor_.run_until_idle();
        }
        INFO(i << ": " << deleted.to_string());
        REQUIRE(deleted.is_ok());
        REQUIRE(directory_bytes() <= options_.disk_budget_bytes);
    }
    settle();
    CHECK(db().stats().state == StoreState::kOk);
    CHECK(put("again", "1").status.is_ok());
    CHECK(scan() == "again=1");
    CHECK(fill(10'000) > 50);
}

TEST_CASE_METHOD(Budgeted, "disk budget: a full store is emptied by clear alone") {
    const int written = fill();
    const Status cleared = db().clear();
    INFO(cleared.to_string());
    REQUIRE(cleared.is_ok());
    settle();
    CHECK(db().stats().state == StoreState::kOk);
    CHECK(directory_bytes() < 400'000);
    CHECK(scan() == "");
    CHECK(fill() >= written * 9 / 10);
}

TEST_CASE_METHOD(Budgeted, "disk budget: a store beyond it lets range deletes in, and recovers") {
    fill();
    settle();
    options_.disk_budget_bytes = DiskBudget::least_bytes(options_);
    reopen();
    executor_.run_until_idle();
    CHECK(db().stats().state == StoreState::kNoSpace);
    CHECK(db().del("key1").status.is(Code::kNoSpace));
    WriteBatch batch;
    batch.delete_range("key", Bytes("kez"));
    REQUIRE(db().write(std::move(batch)).status.is_ok());
    for (int i = 0; i < 20; ++i) {
        executor_.run_until_idle();
        executor_.advance_to_next_delayed();
    }
    CHECK(db().stats().state == StoreState::kOk);
    CHECK(put("again", "1").status.is_ok());
}

TEST_CASE_METHOD(Budgeted,
                 "disk budget: merges of a store that is written over and over stay within") {
    // A merge of level 0 with all below it takes more than what is kept free for writes.
    options_.level0_compaction_trigger = 12;
    for (int i = 0; i < 4000; ++i) {
        const int scattered = i * 7919 % 800;
        put("key" + std::to_string(scattered), std::string(1000, 'v'), Durability::kOs);
        for (int step = 0; step < 3 && executor_.run_one(); ++step)
            REQUIRE(directory_bytes() <= options_.disk_budget_bytes);
    }
    settle();
    CHECK(db().stats().state == StoreState::kOk);
    CHECK(put("again", "1").status.is_ok());
}

namespace {

/// Tells of each job before it is queued.
class WatchedExecutor final : public Executor {
  public:
    explicit WatchedExecutor(Executor& lanes) : lanes_(lanes) {}
    void post(Lane lane, Job job) override {
        if (on_post_) on_post_(lane);
        lanes_.post(lane, std::move(job));
    }
    void post_after(Lane lane, uint64_t delay_ms, Job job) override {
        lanes_.post_after(lane, delay_ms, std::move(job));
    }
    void wait_while(const std::atomic<uint32_t>& word, uint32_t value) override {
        lanes_.wait_while(word, value);
    }
    void wait_while_for(const std::atomic<uint32_t>& word, uint32_t value,
                        uint64_t most_us) override {
        lanes_.wait_while_for(word, value, most_us);
    }
    void wake(const std::atomic<uint32_t>& word) override { lanes_.wake(word); }

    std::function<void(Lane)> on_post_;

  private:
    Executor& lanes_;
};

}  // namespace

TEST_CASE_METHOD(Budgeted,
                 "disk budget: what a job wrote counts before its promise is taken back") {
    WatchedExecutor watched(executor_);
    bool committed = false;
    int looks = 0;
    options_.log = [&](LogLevel, std::string_view line) {
        committed |= line.starts_with("compaction: ");
    };
    options_.file_system = disk_.get();
    options_.clock = &clock_;
    options_.executor = &watched;
    auto opened = Db::open(options_, "db");
    REQUIRE(opened.is_ok());
    db_ = std::move(*opened);
    // The first thing that is posted once the job is done: another thread could pick now.
    watched.on_post_ = [&](Lane lane) {
        if (lane != Lane::kCompaction || !std::exchange(committed, false)) return;
        ++looks;
        uint64_t table_bytes = 0;
        for (const std::string& name : disk_->files("db"))
            if (name.ends_with(".sst")) table_bytes += *disk_->file_size("db/" + name);
        const StoreStats stats = db_->stats();
        CHECK(stats.disk_used_bytes >= table_bytes + stats.wal_bytes + options_.wal_segment_bytes);
    };
    for (uint32_t i = 0; i < options_.level0_compaction_trigger; ++i) {
        REQUIRE(put("a", std::string(50'000, 'v')).status.is_ok());
        REQUIRE(put("z", "v").status.is_ok());
        REQUIRE(db().flush().is_ok());
    }
    executor_.run_until_idle();
    CHECK(looks == 1);
    close();
}
