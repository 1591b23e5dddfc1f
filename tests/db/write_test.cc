// Writes: durability levels, batches, preconditions, increments, limits.
// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <map>
#include <random>

#include "db/db_fixture.h"
#include "support/seed.h"

using namespace kv;
using kv::test::CrashOptions;
using kv::test::DbFixture;

TEST_CASE("write: an empty store answers nothing and opens again") {
    DbFixture f;
    CHECK(f.get("a") == "-");
    f.reopen();
    CHECK(f.get("a") == "-");
    CHECK(f.scan().empty());
}

TEST_CASE("write: what was acknowledged is read back, overwritten and deleted") {
    DbFixture f;
    const WriteResult first = f.put("a", "1");
    REQUIRE(first.status.is_ok());
    CHECK(first.first_seqno == 1);
    CHECK(first.reached == Durability::kDisk);
    CHECK(f.get("a") == "1");
    CHECK(f.put("a", "2").first_seqno == 2);
    CHECK(f.get("a") == "2");
    REQUIRE(f.db().del("a").status.is_ok());
    CHECK(f.get("a") == "-");
    f.reopen();
    CHECK(f.get("a") == "-");
    CHECK(f.db().published_seqno() == 3);
}

TEST_CASE("write: a disk-level acknowledgement survives a power failure") {
    DbFixture f;
    REQUIRE(f.put("a", "1").status.is_ok());
    f.crash();
    CHECK(f.get("a") == "1");
}

TEST_CASE("write: a durable write survives in a directory whose name nobody had synced") {
    DbFixture f;
    REQUIRE(f.disk_->create_dir("db").is_ok());
    REQUIRE(f.put("a", "1").status.is_ok());
    f.crash(CrashOptions::lose_all());
    CHECK(f.get("a") == "1");
}

TEST_CASE("write: a later durable write makes every earlier one durable") {
    DbFixture f;
    REQUIRE(f.put("m", "1", Durability::kMemory).reached == Durability::kMemory);
    REQUIRE(f.put("o", "2", Durability::kOs).reached == Durability::kOs);
    CHECK(f.db().durable_seqno() == 0);
    REQUIRE(f.put("d", "3", Durability::kDisk).status.is_ok());
    CHECK(f.db().durable_seqno() == 3);
    f.crash();
    CHECK(f.scan() == "d=3 m=1 o=2");
}

TEST_CASE("write: an empty key, and anything over its limit, is refused with nothing applied") {
    DbFixture f;
    f.options_.max_key_bytes = 8;
    f.options_.max_value_bytes = 16;
    f.options_.max_batch_bytes = 64;
    CHECK(f.put("", "v").status.is(Code::kInvalidArgument));
    CHECK(f.put("123456789", "v").status.is(Code::kInvalidArgument));
    CHECK(f.put("k", std::string(17, 'v')).status.is(Code::kInvalidArgument));
    WriteBatch batch;
    for (char c = 'a'; c < 'h'; ++c) batch.put(std::string(1, c), "0123456789");
    CHECK(f.db().write(batch).status.is(Code::kInvalidArgument));
    CHECK(f.scan().empty());
    CHECK(f.put("12345678", std::string(16, 'v')).status.is_ok());
}

TEST_CASE("write: a batch of very many small changes is refused, whatever its bytes") {
    DbFixture f;
    const auto write = [&](uint32_t changes) {
        WriteBatch batch;
        for (uint32_t i = 0; i < changes; ++i) batch.del(std::to_string(i));
        return f.db().write(std::move(batch)).status;
    };
    f.options_.max_batch_bytes = 5000 * 32;
    CHECK(write(5000).is_ok());
    CHECK(write(5001).is(Code::kInvalidArgument));
    f.close();
    f.options_.max_batch_bytes = 64U << 10;
    CHECK(write(4096).is_ok());
    CHECK(write(4097).message() == "batch of 4097 changes is over the limit of 4096: split it");
}

TEST_CASE("write: the largest value is stored under the longest key, one byte more is refused") {
    DbFixture f;
    const std::string key(kMaxKeyBytes, 'k'), value(kMaxValueBytes, 'v');
    CHECK(f.put(key, value + "v").status.is(Code::kInvalidArgument));
    CHECK(f.put(key + "k", value).status.is(Code::kInvalidArgument));
    CHECK(f.scan().empty());
    WriteBatch with_expiry;
    with_expiry.put_with_expiry(key, value, UINT64_MAX);
    REQUIRE(f.db().write(std::move(with_expiry)).status.is_ok());
    WriteBatch moved;
    moved.del(key);
    moved.put("k", value);
    REQUIRE(f.db().write(std::move(moved)).status.is_ok());
    f.crash();
    CHECK(f.get(key) == "-");
    CHECK((f.get("k") == value));
}

TEST_CASE("write: a batch larger than memtable and log segment is applied whole") {
    DbFixture f;
    WriteBatch batch;
    for (int i = 0; i < 300; ++i) batch.put("k" + std::to_string(i), std::string(1000, 'x'));
    REQUIRE(f.db().write(batch).status.is_ok());
    f.crash();
    CHECK(f.get("k0").size() == 1000);
    CHECK(f.get("k299").size() == 1000);
}

TEST_CASE("preconditions: each kind holds and fails where it should") {
    DbFixture f;
    REQUIRE(f.put("a", "1").status.is_ok());  // seqno 1
    using Kind = Precondition::Kind;
    const auto attempt = [&](Precondition precondition) {
        WriteBatch batch;
        batch.require(std::move(precondition));
        return f.db().write(std::move(batch)).status;
    };
    CHECK(attempt({Kind::kAbsent, "b", "", 0}).is_ok());
    CHECK(attempt({Kind::kPresent, "a", "", 0}).is_ok());
    CHECK(attempt({Kind::kValueEquals, "a", "1", 0}).is_ok());
    CHECK(attempt({Kind::kSeqnoEquals, "a", "", 1}).is_ok());
    CHECK(attempt({Kind::kNotNewer, "a", "", 1}).is_ok());
    CHECK(attempt({Kind::kNotNewer, "b", "", 0}).is_ok());

    const Status absent = attempt({Kind::kAbsent, "a", "", 0});
    CHECK(absent.is(Code::kConflict));
    CHECK(absent.detail() == 1);
    CHECK(attempt({Kind::kPresent, "b", "", 0}).is(Code::kConflict));
    CHECK(attempt({Kind::kValueEquals, "a", "2", 0}).is(Code::kConflict));
    CHECK(attempt({Kind::kSeqnoEquals, "a", "", 2}).is(Code::kConflict));
    CHECK(attempt({Kind::kNotNewer, "a", "", 0}).is(Code::kConflict));
}

TEST_CASE("preconditions: may not hold more than a batch may") {
    DbFixture f;
    f.options_.max_batch_bytes = 1000;
    WriteBatch batch;
    batch.put("a", "1");
    for (int i = 0; i < 3; ++i)
        batch.require({Precondition::Kind::kValueEquals, "a", std::string(400, 'v'), 0});
    CHECK(f.db().write(std::move(batch)).status.is(Code::kInvalidArgument));
}

TEST_CASE("preconditions: a failed one applies nothing of the batch") {
    DbFixture f;
    WriteBatch batch;
    batch.put("x", "1");
    batch.require({Precondition::Kind::kPresent, "y", "", 0});
    const WriteResult result = f.db().write(std::move(batch));
    CHECK(result.status.is(Code::kConflict));
    CHECK(result.first_seqno == 0);
    CHECK(f.get("x") == "-");
}

TEST_CASE("preconditions: a deletion counts as absent, and as a newer mutation") {
    DbFixture f;
    REQUIRE(f.put("a", "1").status.is_ok());
    REQUIRE(f.db().del("a").status.is_ok());
    WriteBatch fresh;
    fresh.require({Precondition::Kind::kNotNewer, "a", "", 1});
    CHECK(f.db().write(std::move(fresh)).status.is(Code::kConflict));
    WriteBatch absent;
    absent.put("a", "2");
    absent.require({Precondition::Kind::kAbsent, "a", "", 0});
    CHECK(f.db().write(std::move(absent)).status.is_ok());
}

TEST_CASE("preconditions: see entries in tables") {
    DbFixture f;
    REQUIRE(f.put("a", "1").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    WriteBatch batch;
    batch.put("a", "2");
    batch.require({Precondition::Kind::kValueEquals, "a", "1", 0});
    REQUIRE(f.db().prepare(batch, false).is_ok());
    CHECK(f.db().write(std::move(batch)).status.is_ok());
    CHECK(f.get("a") == "2");
}

TEST_CASE("increment: counts from nothing, from a value, and twice in one batch") {
    DbFixture f;
    WriteBatch batch;
    batch.increment("n", 5);
    batch.increment("n", -7);
    batch.put("m", "40");
    batch.increment("m", 2);
    const WriteResult result = f.db().write(std::move(batch));
    REQUIRE(result.status.is_ok());
    CHECK(result.counters == std::vector<int64_t>{5, -2, 42});
    CHECK(f.scan() == "m=42 n=-2");
    f.crash();
    CHECK(f.scan() == "m=42 n=-2");
}

TEST_CASE("increment: what is not an integer, or overflows, is refused and changes nothing") {
    DbFixture f;
    REQUIRE(f.put("text", "12x").status.is_ok());
    REQUIRE(f.put("max", std::to_string(std::numeric_limits<int64_t>::max())).status.is_ok());
    for (const char* key : {"text", "max"}) {
        WriteBatch batch;
        batch.put("other", "1");
        batch.increment(key, 1);
        CHECK(f.db().write(std::move(batch)).status.is(Code::kInvalidArgument));
    }
    CHECK(f.get("other") == "-");
    CHECK(f.get("text") == "12x");
}

TEST_CASE("increment: after any range deletes in its batch it counts from what they left") {
    const uint64_t seed = kv::test::test_seed();
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto key = [](uint64_t n) { return std::string(1, static_cast<char>('a' + n)); };
    constexpr uint64_t kKeys = 20;
    for (int round = 0; round < 200; ++round) {
        DbFixture f;
        std::map<std::string, int64_t> model;
        WriteBatch stored;
        for (uint64_t n = 0; n < kKeys; n += 1 + random() % 2) {
            stored.put(key(n), "100");
            model[key(n)] = 100;
        }
        REQUIRE(f.db().write(std::move(stored)).status.is_ok());
        WriteBatch batch;
        std::vector<int64_t> counters;
        for (int i = 0; i < 30; ++i) {
            const std::string a = key(random() % kKeys);
            if (random() % 3 == 0) {
                const std::string b = key(random() % kKeys);
                batch.delete_range(a, b);
                if (a < b) model.erase(model.lower_bound(a), model.lower_bound(b));
            } else {
                batch.increment(a, 1);
                counters.push_back(++model[a]);
            }
        }
        const WriteResult result = f.db().write(std::move(batch));
        REQUIRE(result.status.to_string() == "ok");
        REQUIRE(result.counters == counters);
        std::string expected;
        for (const auto& [name, value] : model)
            expected += (expected.empty() ? "" : " ") + name + "=" + std::to_string(value);
        REQUIRE(f.scan() == expected);
    }
}

TEST_CASE("increment: a batch may hold as many of them beside as many range deletes as fit") {
    DbFixture f;
    constexpr uint64_t kEach = 100'000;  // as pairs: 10^10
    f.options_.max_batch_bytes = 32U << 20;
    f.options_.memtable_bytes = 64U << 20;
    WriteBatch batch;
    for (uint64_t i = 0; i < kEach; ++i) {
        const std::string digits = std::to_string(1'000'000 + i);
        batch.delete_range("r" + digits, "r" + digits + "x");
        batch.increment("n" + digits, 1);
    }
    const WriteResult result = f.db().write(std::move(batch));
    REQUIRE(result.status.to_string() == "ok");
    CHECK(result.counters == std::vector<int64_t>(kEach, 1));
}

TEST_CASE("ttl: an entry is gone from its expiry on, in memory, in tables and after compaction") {
    DbFixture f;
    const uint64_t expiry = f.clock_.wall_ms() + 1000;
    WriteBatch batch;
    batch.put_with_expiry("a", "1", expiry);
    REQUIRE(f.put("a", "old").status.is_ok());
    REQUIRE(f.db().write(std::move(batch)).status.is_ok());
    CHECK(f.get("a") == "1");
    REQUIRE(f.db().flush().is_ok());
    CHECK(f.scan() == "a=1");
    f.clock_.advance_ms(999);
    CHECK(f.get("a") == "1");
    f.clock_.advance_ms(1);
    CHECK(f.get("a") == "-");
    CHECK(f.scan().empty());
    CHECK(f.scan({}, true).empty());
    REQUIRE(f.db().compact_all().is_ok());
    CHECK(f.get("a") == "-");
    CHECK(f.db().stats().levels[6].entries == 0);
}

TEST_CASE("ttl: an increment keeps the expiry") {
    DbFixture f;
    WriteBatch batch;
    batch.put_with_expiry("n", "1", f.clock_.wall_ms() + 1000);
    REQUIRE(f.db().write(std::move(batch)).status.is_ok());
    WriteBatch more;
    more.increment("n", 1);
    REQUIRE(f.db().write(std::move(more)).status.is_ok());
    CHECK(f.get("n") == "2");
    f.clock_.advance_ms(1000);
    CHECK(f.get("n") == "-");
}

TEST_CASE("write: a deadline that has passed is answered before anything is applied") {
    DbFixture f;
    struct Observer final : WriteObserver {
        void on_written(std::unique_ptr<WriteRequest> request) override {
            status = request->result.status;
        }
        Status status;
    } observer;
    auto request = std::make_unique<WriteRequest>();
    request->batch.put("a", "1");
    request->deadline_us = f.clock_.monotonic_us();
    request->observer = &observer;
    std::vector<std::unique_ptr<WriteRequest>> requests;
    requests.push_back(std::move(request));
    f.db().submit(std::move(requests));
    REQUIRE(f.db().sync().is_ok());
    CHECK(observer.status.is(Code::kDeadline));
    CHECK(f.get("a") == "-");
}

TEST_CASE("preconditions: a deletion that compaction forgot still counts as newer") {
    DbFixture f;
    REQUIRE(f.put("a", "1").status.is_ok());  // read by a transaction at seqno 1
    REQUIRE(f.db().del("a").status.is_ok());
    REQUIRE(f.db().compact_all().is_ok());
    CHECK(f.db().stats().levels[6].entries == 0);
    WriteBatch batch;
    batch.put("a", "2");
    batch.require({Precondition::Kind::kNotNewer, "a", "", 1});
    CHECK(f.db().write(std::move(batch)).status.is(Code::kConflict));
    WriteBatch again;
    again.put("a", "2");
    again.require({Precondition::Kind::kNotNewer, "a", "", 2});
    CHECK(f.db().write(std::move(again)).status.is_ok());
}

TEST_CASE("write: answers without a record do not count as bytes that wait for the disk") {
    DbFixture f;
    for (int i = 0; i < 400'000; ++i) REQUIRE(f.db().sync().is_ok());
    CHECK(f.put("a", "1").status.is_ok());
    CHECK(f.db().stats().write_stall_us == 0);
}

TEST_CASE("write: a batch larger than a segment may follow a refused one into a fresh segment") {
    DbFixture f;
    WriteBatch refused;
    refused.require({Precondition::Kind::kPresent, "missing", "", 0});
    refused.put("k", "v");
    CHECK(f.db().write(std::move(refused)).status.is(Code::kConflict));
    const std::string large(2 * f.options_.wal_segment_bytes, 'v');
    CHECK(f.put("large", large).status.is_ok());
    f.crash(CrashOptions::lose_all());
    CHECK(f.get("large") == large);
}
