// The disk budget: db/disk_budget.h.
// SPDX-License-Identifier: Apache-2.0
#include "db/disk_budget.h"

#include <catch2/catch.hpp>

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
    CHECK(budget.refusal().is(Code::kNoSpace));
    CHECK(budget.has_room_for(4U << 20));
    CHECK_FALSE(budget.has_room_for(5U << 20));
    budget.update(1);
    CHECK_FALSE(budget.refuses(put_batch()));
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
    CHECK(get("key1") == std::string(1000, 'v'));
    for (int i = 0; i < written; ++i)
        REQUIRE(db().del("key" + std::to_string(i), Durability::kOs).status.is_ok());
    REQUIRE(db().compact_all().is_ok());
    executor_.run_until_idle();
    CHECK(put("again", "1").status.is_ok());
    CHECK(db().stats().state == StoreState::kOk);
}
