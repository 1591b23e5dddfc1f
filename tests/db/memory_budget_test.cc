// How the memory budget is divided: db/memory_budget.h.
// SPDX-License-Identifier: Apache-2.0
#include "db/memory_budget.h"

#include <catch2/catch.hpp>

#include "db/derived_options.h"
#include "db_fixture.h"

using namespace kv;
using namespace kv::db;
using namespace kv::test;

namespace {

constexpr uint64_t kMiB = 1ULL << 20;

Options options_for(uint64_t budget) {
    Options options;
    options.memory_budget_bytes = budget;
    return options;
}

}  // namespace

TEST_CASE("memory budget: what is not given is derived, what is given stays") {
    Options options = derive_from_budget(options_for(512 * kMiB));
    CHECK(options.memtable_bytes == 64 * kMiB);
    CHECK(options.max_queued_write_bytes == 64 * kMiB);
    CHECK(options.block_cache_bytes > 256 * kMiB);
    options = derive_from_budget(options_for(64 * kMiB));
    CHECK(options.memtable_bytes == 8 * kMiB);
    options = options_for(512 * kMiB);
    options.memtable_bytes = 5 * kMiB;
    options.block_cache_bytes = 1;
    options = derive_from_budget(options);
    CHECK(options.memtable_bytes == 5 * kMiB);
    CHECK(options.block_cache_bytes == 1);
}

TEST_CASE("memory budget: all shares together stay within it") {
    for (uint64_t budget = 64 * kMiB; budget <= 64 * 1024 * kMiB; budget *= 2) {
        CAPTURE(budget);
        const Options options = derive_from_budget(options_for(budget));
        const MemoryBudget shares(options, 0);
        for (uint64_t memtables = 0; memtables <= MemoryBudget::kMaxImmutables; ++memtables) {
            const uint64_t used = memtables * options.memtable_bytes;
            const uint64_t compaction =
                compaction_threads(options) * compaction_memory_bytes(options);
            CHECK(used + options.memtable_bytes + options.max_queued_write_bytes +
                      log_memory(options).total() + compaction +
                      shares.cache_bytes({used, budget / 16}) + budget / 16 <=
                  budget);
        }
    }
}

TEST_CASE("memory budget: the log's bounds are its share, and stop growing") {
    const LogMemory least = log_memory(options_for(16 * kMiB));
    CHECK(least.total() == kMiB);
    CHECK(least.queued_bytes < least.unsynced_bytes);
    const LogMemory most = log_memory(options_for(64 * 1024 * kMiB));
    CHECK(most.queued_bytes == 16 * kMiB);
    CHECK(most.unsynced_bytes == 32 * kMiB);
}

TEST_CASE("memory budget: what is not synced, and a power failure can take, fits the log's share") {
    constexpr size_t kValueBytes = 1000;
    DbFixture f;
    f.options_.memory_budget_bytes = 16 * kMiB;
    f.options_.memtable_bytes = 4 * kMiB;
    f.options_.block_cache_bytes = 0;
    f.options_.wal_segment_bytes = 64 * kMiB;
    int written = 0;
    for (; written < 3000; ++written) {
        f.put("key" + std::to_string(written), std::string(kValueBytes, 'v'), Durability::kMemory);
    }
    const uint64_t durable = f.db().stats().durable_seqno;
    const LogMemory share = log_memory(f.options_);
    CHECK(f.db().stats().published_seqno - durable <= share.unsynced_bytes / kValueBytes);
    f.crash(CrashOptions::lose_all());
    CHECK(f.db().stats().published_seqno >= durable);
}

TEST_CASE("memory budget: compaction gets its share whether its threads are given or derived") {
    Options options = options_for(512 * kMiB);
    const uint64_t derived = MemoryBudget(derive_from_budget(options), 0).cache_bytes({});
    options.compaction_threads = compaction_threads(options);
    CHECK(MemoryBudget(derive_from_budget(options), 0).cache_bytes({}) == derived);
    options.compaction_threads += 2;
    CHECK(MemoryBudget(derive_from_budget(options), 0).cache_bytes({}) ==
          derived - 2 * compaction_memory_bytes(options));
}

TEST_CASE("memory budget: the cache gives way to memtables and tables, not below its least") {
    const MemoryBudget shares(derive_from_budget(options_for(512 * kMiB)), 0);
    const uint64_t idle = shares.cache_bytes({});
    CHECK(shares.cache_bytes({64 * kMiB, 0}) == idle - 64 * kMiB);
    CHECK(shares.cache_bytes({64 * kMiB, 10 * kMiB}) == idle - 74 * kMiB);
    CHECK(shares.cache_bytes({600 * kMiB, 0}) == 32 * kMiB);
}

TEST_CASE(
    "memory budget: where the cache gives way, there is room beside what readers hold in it") {
    const MemoryBudget shares(derive_from_budget(options_for(512 * kMiB)), 0);
    const auto with = [&](uint64_t memtable_bytes) {
        return shares.cache_bytes({.memtable_bytes = memtable_bytes,
                                   .table_bytes = 0,
                                   .row_bytes = 0,
                                   .held_bytes = 80 * kMiB});
    };
    CHECK(with(0) == shares.cache_bytes({}));
    CHECK(with(600 * kMiB) == 112 * kMiB);
}

TEST_CASE("memory budget: an explicit cache is never exceeded") {
    const MemoryBudget shares(derive_from_budget(options_for(512 * kMiB)), 10 * kMiB);
    CHECK(shares.cache_bytes({}) == 10 * kMiB);
    // Rows are cached data too.
    CHECK(shares.cache_bytes({.memtable_bytes = 0, .table_bytes = 0, .row_bytes = kMiB}) ==
          9 * kMiB);
    CHECK(shares.cache_bytes({.memtable_bytes = 0, .table_bytes = 0, .row_bytes = 11 * kMiB}) == 0);
}

TEST_CASE("memory budget: parts that cannot fit are refused at open, all problems at once") {
    Options options = options_for(64 * kMiB);
    options.memtable_bytes = 60 * kMiB;
    options.block_cache_bytes = 60 * kMiB;
    options.block_size_bytes = 1;
    const Status status = validate_options(options);
    CHECK(status.is(Code::kInvalidArgument));
    CHECK(status.message().find("memory_budget_bytes") != std::string_view::npos);
    CHECK(status.message().find("block_size_bytes") != std::string_view::npos);
}

TEST_CASE("memory budget: an open store moves cache to memtables and back") {
    DbFixture f;
    f.options_.memory_budget_bytes = 32 * kMiB;
    f.options_.memtable_bytes = 4 * kMiB;
    f.options_.block_cache_bytes = 0;
    const uint64_t idle = f.db().stats().cache_capacity_bytes;
    for (int i = 0; i < 5000; ++i)
        f.put("key" + std::to_string(i), std::string(1000, 'v'), Durability::kOs);
    const StoreStats full = f.db().stats();
    CHECK(full.cache_capacity_bytes < idle);
    CHECK(full.memory_used_bytes <= full.memory_budget_bytes);
    REQUIRE(f.db().flush().is_ok());
    f.executor_.run_until_idle();
    CHECK(f.db().stats().cache_capacity_bytes > full.cache_capacity_bytes);
}

TEST_CASE("memory budget: memtables that only readers hold are counted") {
    DbFixture f;
    f.options_.memory_budget_bytes = 64 * kMiB;
    f.options_.memtable_bytes = 8 * kMiB;
    f.options_.block_cache_bytes = 0;
    f.options_.compression = Compression::kNone;
    const uint64_t idle = f.db().stats().cache_capacity_bytes;
    std::vector<std::unique_ptr<Iterator>> readers;
    const auto fill_and_flush = [&] {
        for (int i = 0; i < 6000; ++i)
            REQUIRE(f.put("key" + std::to_string(i), std::string(1000, 'v'), Durability::kOs)
                        .status.is_ok());
        readers.push_back(f.db().new_iterator({}));
        REQUIRE(f.db().flush().is_ok());
        f.executor_.run_until_idle();
    };
    for (int i = 0; i < 4; ++i) fill_and_flush();
    const StoreStats held = f.db().stats();
    CHECK(held.memtable_bytes >= 4 * 6000 * 1000);
    CHECK(held.cache_capacity_bytes <= idle - 12 * kMiB);
    readers.clear();
    fill_and_flush();
    CHECK(f.db().stats().cache_capacity_bytes > held.cache_capacity_bytes);
}

TEST_CASE("memory budget: an empty memtable is never written out, however small its limit") {
    DbFixture f;
    f.options_.memtable_bytes = 4096;  // what an empty one takes already
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 20; ++i) {
            REQUIRE(f.put("key" + std::to_string(i), std::string(300, 'v')).status.is_ok());
        }
        REQUIRE(f.db().flush().is_ok());
        f.reopen();
        CHECK(f.db().stats().state == StoreState::kOk);
    }
}
