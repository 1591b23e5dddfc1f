// Many keys in one call: the answers of get, from one state, for fewer reads.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/random.h"
#include "db/db_fixture.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

std::string key_of(uint64_t i) {
    const std::string digits = std::to_string(i);
    return "k" + std::string(5 - digits.size(), '0') + digits;
}

std::string text_of(const Result<std::optional<Entry>>& answer) {
    if (!answer.is_ok()) return answer.status().to_string();
    if (!answer->has_value()) return "-";
    return (*answer)->value + " @" + std::to_string((*answer)->seqno) + " until " +
           std::to_string((*answer)->expiry_ms);
}

struct ManyKeys : DbFixture {
    using DbFixture::DbFixture;

    std::vector<std::string> multi_get(const std::vector<std::string>& keys,
                                       const ReadOptions& options = {}) {
        const std::vector<Bytes> views(keys.begin(), keys.end());
        std::vector<std::string> texts;
        for (const auto& answer : db().multi_get(views, options)) texts.push_back(text_of(answer));
        return texts;
    }
    std::vector<std::string> one_by_one(const std::vector<std::string>& keys,
                                        const ReadOptions& options = {}) {
        std::vector<std::string> texts;
        for (const std::string& key : keys) texts.push_back(text_of(db().get(key, options)));
        return texts;
    }
    void fill(uint64_t first, uint64_t end, const std::string& value) {
        WriteBatch batch;
        for (uint64_t i = first; i < end; ++i) batch.put(key_of(i), value + std::to_string(i));
        REQUIRE(db().write(std::move(batch)).status.is_ok());
    }
    uint64_t table_reads() const {
        uint64_t count = 0;
        for (const Operation& operation : disk_->journal())
            count += operation.kind == OpKind::kRead && operation.path.ends_with(".sst");
        return count;
    }
    /// Opens every table.
    void touch_tables() {
        ReadOptions options;
        options.fill_cache = false;
        (void)multi_get({key_of(0), key_of(99'999)}, options);
        for (uint64_t i = 0; i < 2000; i += 10) (void)db().get(key_of(i), options);
    }
};

/// One random change to the store.
void change(ManyKeys& f, Random& random, std::vector<SnapshotPtr>& snapshots) {
    const uint64_t die = random.below(100);
    const uint64_t at = random.below(300);
    WriteBatch batch;
    if (die < 60) {
        for (uint64_t i = 0; i < 5; ++i)
            batch.put(key_of((at + i * 7) % 300), random_bytes(random, random.below(150)));
    } else if (die < 70) {
        batch.del(key_of(at));
    } else if (die < 80) {
        const uint64_t now_ms = f.clock_.wall_ms();
        batch.put_with_expiry(key_of(at), "passing", now_ms + random.below(2000));
    } else if (die < 86) {
        const std::string end = key_of(at + random.below(40));
        batch.delete_range(key_of(at), Bytes(end));
    } else if (die < 90) {
        snapshots.push_back(f.db().snapshot());
        if (snapshots.size() > 4) snapshots.erase(snapshots.begin());
    } else if (die < 96) {
        f.clock_.advance_ms(random.below(500));
    } else if (die < 99) {
        REQUIRE(f.db().flush().is_ok());
    } else {
        REQUIRE(f.db().compact_all().is_ok());
    }
    if (batch.count() > 0) REQUIRE(f.db().write(std::move(batch)).status.is_ok());
}

}  // namespace

TEST_CASE("multi_get: no keys give no answers") {
    ManyKeys f;
    CHECK(f.multi_get({}).empty());
    f.fill(0, 10, "v");
    CHECK(f.multi_get({}).empty());
}

TEST_CASE("multi_get: answers come in the caller's order, duplicates and missing keys included") {
    ManyKeys f;
    REQUIRE(f.put("b", "2").status.is_ok());
    REQUIRE(f.put("a", "1").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    REQUIRE(f.put("c", "3").status.is_ok());
    CHECK(f.multi_get({"c", "a", "none", "a", "b", ""}) ==
          std::vector<std::string>{"3 @3 until 0", "1 @2 until 0", "-", "1 @2 until 0",
                                   "2 @1 until 0", "-"});
}

TEST_CASE("multi_get: agrees with get wherever entries lie") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 6; ++round) {
        CAPTURE(round);
        ManyKeys f(seed + static_cast<uint64_t>(round));
        f.options_.memtable_bytes = 8U << 10;
        f.options_.table_bytes = 4U << 10;
        f.options_.level1_bytes = 16U << 10;
        f.options_.block_size_bytes = 256;
        f.options_.block_cache_bytes = round % 3 == 0 ? 1 : 1U << 20;
        f.options_.bloom_bits_per_key = round % 2 == 0 ? 10 : 0;
        std::vector<SnapshotPtr> snapshots{nullptr};
        for (int step = 0; step < 600; ++step) {
            change(f, random, snapshots);
            if (step % 5 != 0) continue;
            std::vector<std::string> keys;
            for (uint64_t count = random.below(60); count > 0; --count)
                keys.push_back(key_of(random.below(310)));
            ReadOptions options;
            options.snapshot = snapshots[random.below(snapshots.size())];
            options.fill_cache = random.below(3) != 0;
            options.cache_only = random.below(4) == 0;
            if (options.cache_only) {
                // get fills no cache either, so the two see the same one.
                REQUIRE(f.one_by_one(keys, options) == f.multi_get(keys, options));
                options.cache_only = false;
            }
            const auto together = f.multi_get(keys, options);
            REQUIRE(together == f.one_by_one(keys, options));
        }
        snapshots.clear();
    }
}

TEST_CASE("multi_get: split indexes and filters are read together too") {
    ManyKeys f;
    f.options_.memory_budget_bytes = 64U << 20;
    f.options_.memtable_bytes = 4U << 20;
    f.options_.table_bytes = 64U << 20;
    f.options_.wal_segment_bytes = 4U << 20;
    f.options_.block_size_bytes = 256;
    f.options_.bloom_bits_per_key = 20;
    constexpr uint64_t kKeys = 120'000;
    for (uint64_t first = 0; first < kKeys; first += 2000) {
        WriteBatch batch;
        for (uint64_t i = first; i < first + 2000; ++i) {
            std::string key(24, '.');
            std::memcpy(key.data(), &i, sizeof i);
            batch.put(key, "value");
        }
        REQUIRE(f.db().write(std::move(batch), Durability::kMemory).status.is_ok());
    }
    REQUIRE(f.db().compact_all().is_ok());
    f.reopen();
    std::vector<std::string> keys;
    for (uint64_t i = 0; i < kKeys + 2000; i += 1201) {
        keys.emplace_back(24, '.');
        std::memcpy(keys.back().data(), &i, sizeof i);
    }
    REQUIRE(f.multi_get({keys[0]}).size() == 1);  // opens the table
    REQUIRE(f.db().stats().levels[6].tables == 1);
    REQUIRE(f.db().stats().table_memory_bytes < 100'000);  // so both are split
    ReadOptions cache_only;
    cache_only.cache_only = true;
    CHECK(f.multi_get({keys[50]}, cache_only)[0].starts_with("would_block"));
    const auto together = f.multi_get(keys);
    CHECK(together == f.one_by_one(keys));
    CHECK(together.front().starts_with("value"));
    CHECK(together == f.multi_get(keys, cache_only));
}

TEST_CASE("multi_get: keys of one block cost one read of the disk and one look into the cache") {
    ManyKeys f;
    f.options_.block_size_bytes = 4096;
    f.options_.bloom_bits_per_key = 0;
    f.fill(0, 60, "value ");
    REQUIRE(f.db().flush().is_ok());
    f.touch_tables();
    const auto keys = std::vector<std::string>{key_of(7), key_of(3), key_of(20), key_of(7)};
    ReadOptions options;
    for (const bool fill_cache : {false, true}) {
        options.fill_cache = fill_cache;
        const uint64_t before = f.table_reads();
        const StoreStats stats = f.db().stats();
        CHECK(f.multi_get(keys, options)[1].starts_with("value 3"));
        CHECK(f.table_reads() == before + 1);
        CHECK(f.db().stats().cache_misses == stats.cache_misses + 1);
    }
    const uint64_t before = f.table_reads();
    const uint64_t hits = f.db().stats().cache_hits;
    CHECK(f.multi_get(keys)[1].starts_with("value 3"));
    CHECK(f.table_reads() == before);
    CHECK(f.db().stats().cache_hits == hits + 1);
}

TEST_CASE("multi_get: neighbouring blocks are one read") {
    ManyKeys f;
    f.options_.bloom_bits_per_key = 0;
    f.fill(0, 300, std::string(40, 'v'));
    REQUIRE(f.db().flush().is_ok());
    f.touch_tables();
    std::vector<std::string> keys;
    for (uint64_t i = 100; i < 200; ++i) keys.push_back(key_of(i));
    const uint64_t before = f.table_reads();
    CHECK(f.multi_get(keys).size() == 100);
    CHECK(f.table_reads() == before + 1);
}

TEST_CASE("multi_get: cache_only answers what is in memory and refuses the rest, key by key") {
    ManyKeys f;
    f.fill(0, 300, std::string(40, 'v'));
    REQUIRE(f.db().flush().is_ok());
    f.reopen();
    REQUIRE(f.put("fresh", "1").status.is_ok());
    ReadOptions options;
    options.cache_only = true;
    const uint64_t before = f.table_reads();
    auto answers = f.multi_get({key_of(5), "fresh", key_of(250)}, options);
    CHECK(answers[0].starts_with("would_block"));
    CHECK(answers[1].starts_with("1 @"));
    CHECK(answers[2].starts_with("would_block"));
    (void)f.db().get(key_of(250));
    const uint64_t after = f.table_reads();
    CHECK(after > before);
    answers = f.multi_get({key_of(5), "fresh", key_of(250)}, options);
    CHECK(answers[0].starts_with("would_block"));
    CHECK(answers[2].starts_with(std::string(40, 'v')));
    CHECK(f.table_reads() == after);
}

TEST_CASE("multi_get: a damaged block or a failed read fails the keys in it and no others") {
    ManyKeys f;
    f.fill(0, 300, std::string(40, 'v'));
    REQUIRE(f.db().compact_all().is_ok());
    f.reopen();
    f.touch_tables();
    std::vector<std::string> keys;
    for (uint64_t i = 0; i < 300; ++i) keys.push_back(key_of(i));
    ReadOptions options;
    options.fill_cache = false;
    const auto sound = f.multi_get(keys, options);
    std::string path;
    for (const std::string& name : f.disk_->files("db"))
        if (name.ends_with(".sst")) path = "db/" + name;
    constexpr uint64_t kOffset = 3000;
    std::string error;
    SECTION("damaged") {
        f.disk_->corrupt(path, kOffset);
        error = "corruption: " + path;
    }
    SECTION("unreadable") {
        f.disk_->set_fault_hook([path](const Operation& operation) {
            const bool hit = operation.kind == OpKind::kRead && operation.path == path &&
                             operation.offset <= kOffset &&
                             operation.offset + operation.length > kOffset;
            return hit ? Fault::kReadEio : Fault::kNone;
        });
        error = "io_error";
    }
    const auto answers = f.multi_get(keys, options);
    const auto alone = f.one_by_one(keys, options);
    size_t failed = 0;
    for (size_t i = 0; i < answers.size(); ++i) {
        CAPTURE(i, alone[i]);
        if (answers[i] == sound[i] && alone[i] == sound[i]) continue;
        ++failed;
        CHECK(answers[i].starts_with(error));
        CHECK(alone[i].starts_with(error));
    }
    CHECK(failed > 0);
    CHECK(failed < 20);
    f.disk_->clear_faults();
}

TEST_CASE("multi_get: one failed read fails its keys, once") {
    ManyKeys f;
    f.fill(0, 600, std::string(40, 'v'));
    REQUIRE(f.db().compact_all().is_ok());
    f.reopen();
    f.touch_tables();
    const std::vector<std::string> keys{key_of(1), key_of(1), key_of(200), key_of(590)};
    ReadOptions options;
    options.fill_cache = false;
    f.disk_->fail_at(f.disk_->operation_count(), Fault::kReadEio);
    const auto answers = f.multi_get(keys, options);
    CHECK(f.disk_->faults_hit() == 1);
    const auto failed = std::count_if(answers.begin(), answers.end(), [](const std::string& text) {
        return text.starts_with("io_error");
    });
    CHECK((failed == 1 || failed == 2));
    CHECK(f.multi_get(keys, options) == f.one_by_one(keys, options));
}

TEST_CASE("multi_get: large values are read in rounds") {
    ManyKeys f;
    f.options_.memory_budget_bytes = 256U << 20;
    f.options_.memtable_bytes = 8U << 20;
    f.options_.wal_segment_bytes = 8U << 20;
    const std::string value(1U << 20, 'v');
    std::vector<std::string> keys;
    for (uint64_t i = 0; i < 20; ++i) {
        keys.push_back(key_of(i));
        REQUIRE(f.put(keys.back(), value + std::to_string(i)).status.is_ok());
    }
    REQUIRE(f.db().compact_all().is_ok());
    f.reopen();
    CHECK(f.multi_get(keys) == f.one_by_one(keys));
}

TEST_CASE("multi_get: values beyond the limit are refused with their size") {
    ManyKeys f;
    for (const char* key : {"a", "b", "c"})
        REQUIRE(f.put(key, std::string(100, *key)).status.is_ok());
    const std::vector<Bytes> keys{"a", "none", "b", "c", "d"};
    for (const uint64_t limit : {300U, 299U, 100U, 0U}) {
        const auto answers = f.db().multi_get(keys, {}, limit);
        uint64_t refused = 0;
        for (const auto& answer : answers) {
            if (answer.is_ok()) continue;
            ++refused;
            CHECK(answer.error().is(Code::kInvalidArgument));
            CHECK(answer.error().detail() == 100);
        }
        CHECK(refused == 3 - limit / 100);
        CHECK_FALSE((*answers[1]).has_value());
        CHECK_FALSE((*answers[4]).has_value());
    }
}

TEST_CASE("multi_get: all answers are of one moment") {
    /// Each look at it finds it later.
    class RunningClock final : public Clock {
      public:
        uint64_t wall_ms() const override { return next_ms_++; }
        uint64_t monotonic_us() const override { return next_ms_ * 1000; }

      private:
        mutable std::atomic<uint64_t> next_ms_{1'000'000};
    };
    RunningClock clock;
    DbFixture f;
    f.options_.file_system = f.disk_.get();
    f.options_.clock = &clock;
    f.options_.executor = &f.executor_;
    auto opened = Db::open(f.options_, "db");
    REQUIRE(opened.is_ok());
    f.db_ = std::move(*opened);
    constexpr size_t kKeys = 20;
    std::vector<std::string> names;
    for (size_t i = 0; i < kKeys; ++i) names.push_back("key" + std::to_string(i));
    const std::vector<Bytes> keys(names.begin(), names.end());
    for (uint64_t later = 1; later < 30; ++later) {
        WriteBatch batch;
        const uint64_t expiry_ms = clock.wall_ms() + later;
        for (const Bytes key : keys) batch.put_with_expiry(key, "v", expiry_ms);
        REQUIRE(f.db().write(std::move(batch), Durability::kMemory).status.is_ok());
        const auto answers = f.db().multi_get(keys, {}, UINT64_MAX);
        REQUIRE(answers.size() == kKeys);
        for (const auto& answer : answers) {
            REQUIRE(answer.is_ok());
            CHECK(answer->has_value() == answers[0]->has_value());
        }
    }
}

TEST_CASE("multi_get: all answers are of one state") {
    ManyKeys f;
    f.fill(0, 300, "old ");
    REQUIRE(f.db().flush().is_ok());
    f.reopen();
    // A write that gets in between two reads of the disk is not seen by any of the keys.
    bool written = false;
    f.disk_->set_before_op_hook([&](const Operation& operation) {
        if (written || operation.kind != OpKind::kRead || !operation.path.ends_with(".sst")) return;
        written = true;
        f.fill(0, 300, "new ");
    });
    const auto answers = f.multi_get({key_of(250), key_of(1), key_of(100)});
    f.disk_->set_before_op_hook(nullptr);
    CHECK(written);
    for (const std::string& answer : answers) CHECK(answer.starts_with("old "));
    CHECK(f.multi_get({key_of(1)})[0].starts_with("new "));
}
