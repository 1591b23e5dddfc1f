// Gets that the row cache answers: that they say what the tables would.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "base/random.h"
#include "db_fixture.h"
#include "model/model_store.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

constexpr uint64_t kKeys = 150;

struct RowFixture : DbFixture {
    static std::string key_of(uint64_t i) {
        std::string digits = std::to_string(i);
        digits.insert(0, 4 - digits.size(), '0');
        return "key" + digits;
    }
    /// Everything into tables, and asked for until rows answer.
    void warm() {
        REQUIRE(db().flush().is_ok());
        executor_.run_until_idle();
        const uint64_t before = db().stats().row_hits;
        for (int round = 0; round < 100; ++round) {
            for (uint64_t i = 0; i < kKeys; ++i) get(key_of(i));
        }
        REQUIRE(db().stats().row_hits > before + kKeys);
    }
    void fill() {
        for (uint64_t i = 0; i < kKeys; ++i) put(key_of(i), "v" + std::to_string(i));
    }
    /// A key that a row answers, of a store that has been filled.
    std::string hot_key() {
        fill();
        warm();
        const std::string key = key_of(3);
        get(key);
        REQUIRE(row_answers(key));
        return key;
    }
    /// Whether a row answered the get.
    bool row_answers(Bytes key) {
        const uint64_t before = db().stats().row_hits;
        get(key);
        return db().stats().row_hits != before;
    }
};

}  // namespace

TEST_CASE("row reads: a hot key is answered without a table, until it is written") {
    RowFixture f;
    const std::string key = f.hot_key();
    CHECK(f.get(key) == "v3");
    SECTION("a newer value, in the memtable and then in a table") {
        f.put(key, "new");
        CHECK(f.get(key) == "new");
        REQUIRE(f.db().flush().is_ok());
        f.executor_.run_until_idle();
        CHECK(f.get(key) == "new");
        CHECK(f.get(key) == "new");
    }
    SECTION("a deletion") {
        REQUIRE(f.db().del(key).status.is_ok());
        CHECK(f.get(key) == "-");
        REQUIRE(f.db().flush().is_ok());
        f.executor_.run_until_idle();
        CHECK(f.get(key) == "-");
        REQUIRE(f.db().compact_all().is_ok());
        CHECK(f.get(key) == "-");
    }
    SECTION("a deletion by range") {
        WriteBatch batch;
        batch.delete_prefix("key000");
        REQUIRE(f.db().write(std::move(batch), Durability::kDisk).status.is_ok());
        CHECK(f.get(key) == "-");
        REQUIRE(f.db().flush().is_ok());
        f.executor_.run_until_idle();
        CHECK(f.get(key) == "-");
    }
    SECTION("all of it cleared") {
        REQUIRE(f.db().clear().is_ok());
        CHECK(f.get(key) == "-");
    }
}

TEST_CASE("row reads: a snapshot from before the tables sees what it saw") {
    RowFixture f;
    f.fill();
    const SnapshotPtr old = f.db().snapshot();
    for (uint64_t i = 0; i < kKeys; ++i) f.put(f.key_of(i), "newer");
    f.warm();
    ReadOptions options;
    options.snapshot = old;
    for (uint64_t i = 0; i < kKeys; ++i) {
        CHECK(f.get(f.key_of(i), options) == "v" + std::to_string(i));
        CHECK(f.get(f.key_of(i)) == "newer");
    }
    // One that sees all of the tables may be answered by rows as well.
    options.snapshot = f.db().snapshot();
    f.put(f.key_of(1), "newest");
    CHECK(f.get(f.key_of(1), options) == "newer");
    CHECK(f.get(f.key_of(1)) == "newest");
}

TEST_CASE("row reads: a row expires like any entry") {
    RowFixture f;
    const uint64_t expiry_ms = f.clock_.wall_ms() + 5000;
    WriteBatch batch;
    for (uint64_t i = 0; i < kKeys; ++i) batch.put_with_expiry(f.key_of(i), "v", expiry_ms);
    REQUIRE(f.db().write(std::move(batch), Durability::kDisk).status.is_ok());
    f.warm();
    const std::string key = f.key_of(7);
    f.get(key);
    REQUIRE(f.row_answers(key));
    const auto entry = f.db().get(key);
    REQUIRE(entry.is_ok());
    REQUIRE(entry->has_value());
    CHECK((*entry)->expiry_ms == expiry_ms);
    f.clock_.advance_ms(4999);
    CHECK(f.get(key) == "v");
    f.clock_.advance_ms(1);
    CHECK(f.get(key) == "-");
}

TEST_CASE("row reads: compaction leaves rows in use, a flush does not") {
    RowFixture f;
    const std::string key = f.hot_key();
    REQUIRE(f.db().compact_all().is_ok());
    CHECK(f.row_answers(key));
    f.put("other", "v");
    REQUIRE(f.db().flush().is_ok());
    CHECK_FALSE(f.row_answers(key));
}

TEST_CASE("row reads: their memory is the block cache's before, and counted") {
    RowFixture f;
    f.options_.memory_budget_bytes = 32U << 20;
    f.options_.block_cache_bytes = 0;
    f.fill();
    f.executor_.run_until_idle();
    const uint64_t before = f.db().stats().cache_capacity_bytes;
    CHECK(f.db().stats().row_cache_bytes == 0);
    f.warm();
    f.executor_.run_until_idle();
    const StoreStats stats = f.db().stats();
    CHECK(stats.row_cache_bytes > before / 32);
    CHECK(stats.row_cache_bytes <= before / 8);
    CHECK(before - stats.cache_capacity_bytes >= stats.row_cache_bytes);
    CHECK(stats.memory_used_bytes >= stats.row_cache_bytes);
}

TEST_CASE("row reads: answers are those of a model, whatever happens between them") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    RowFixture f;
    ModelStore model;
    const auto any_key = [&] { return RowFixture::key_of(random.below(kKeys)); };
    const auto write = [&](WriteBatch batch) {
        REQUIRE(f.db().write(std::move(batch), Durability::kMemory).status.is_ok());
    };
    for (uint64_t i = 0; i < kKeys; ++i) {
        f.put(RowFixture::key_of(i), "first");
        model.put(RowFixture::key_of(i), "first");
    }
    for (int step = 0; step < 1500; ++step) {
        CAPTURE(step);
        const uint64_t place = random.below(kKeys);
        const std::string key = RowFixture::key_of(place);
        const std::string value(static_cast<size_t>(random.below(220)),
                                static_cast<char>('a' + step % 26));
        WriteBatch batch;
        const uint64_t action = random.below(400);
        if (action < 5) {
            REQUIRE(f.db().flush().is_ok());
        } else if (action < 8) {
            REQUIRE(f.db().compact_all().is_ok());
        } else if (action < 12) {
            const std::string end = RowFixture::key_of(place + random.below(10));
            batch.delete_range(key, end);
            write(std::move(batch));
            if (key < end) model.del_range(key, end);
        } else if (action < 20) {
            f.clock_.advance_ms(random.below(200));
        } else if (action < 30) {
            f.executor_.run_until_idle();
        } else if (action < 40) {
            const uint64_t expiry_ms = f.clock_.wall_ms() + 1 + random.below(1000);
            batch.put_with_expiry(key, value, expiry_ms);
            write(std::move(batch));
            model.put(key, value, expiry_ms);
        } else if (action < 50) {
            batch.del(key);
            write(std::move(batch));
            model.del(key);
        } else if (action < 110) {
            batch.put(key, value);
            write(std::move(batch));
            model.put(key, value);
        }
        for (int i = 0; i < 40; ++i) {
            const std::string asked = any_key();
            const auto expected = model.get(asked, model.last_seqno(), f.clock_.wall_ms());
            CHECK(f.get(asked) == (expected ? *expected->value : "-"));
        }
    }
    CHECK(f.db().stats().row_hits > 1000);
}
