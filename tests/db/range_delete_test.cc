// Range deletes through the whole store: writing, reading, snapshots, restart.
// SPDX-License-Identifier: Apache-2.0
#include "db_fixture.h"
#include "kv/write_batch.h"

using namespace kv;
using namespace kv::test;

namespace {

class RangeDeletes : public DbFixture {
  public:
    void fill(std::string_view keys) {
        for (const char key : keys) REQUIRE(put(Bytes(&key, 1), "1").status.is_ok());
    }
    void delete_range(Bytes begin, std::optional<Bytes> end) {
        WriteBatch batch;
        batch.delete_range(begin, end);
        const WriteResult result = db().write(std::move(batch));
        INFO(result.status.to_string());
        REQUIRE(result.status.is_ok());
    }
    /// The keys among a..h that a get finds.
    std::string found(const ReadOptions& options = {}) {
        std::string keys;
        for (char key = 'a'; key <= 'h'; ++key)
            if (get(Bytes(&key, 1), options) != "-") keys += key;
        return keys;
    }
};

}  // namespace

TEST_CASE_METHOD(RangeDeletes, "range delete: hides what is older, from begin to before end") {
    fill("abcdefgh");
    delete_range("c", "f");
    CHECK(found() == "abfgh");
    fill("d");
    CHECK(found() == "abdfgh");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: an open end deletes up to the last key there is") {
    fill("abcdefgh");
    delete_range("f", std::nullopt);
    CHECK(found() == "abcde");
    delete_range("", std::nullopt);
    CHECK(found() == "");
    delete_range("", std::nullopt);
    fill("h");
    CHECK(found() == "h");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: an open end in an empty store is fine") {
    delete_range("", std::nullopt);
    fill("a");
    CHECK(found() == "a");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: a prefix of all ones deletes its keys") {
    put("\xff\xff", "1");
    put("\xff\xff\xff", "1");
    put("\xfe", "1");
    WriteBatch batch;
    batch.delete_prefix("\xff\xff");
    REQUIRE(db().write(std::move(batch)).status.is_ok());
    CHECK(get("\xff\xff") == "-");
    CHECK(get("\xff\xff\xff") == "-");
    CHECK(get("\xfe") == "1");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: an open end behind the largest key there can be") {
    options_.memtable_bytes = 1U << 20;
    options_.wal_segment_bytes = 1U << 20;
    const std::string largest(kMaxKeyBytes, '\xff');
    put(largest, "1");
    REQUIRE(db().flush().is_ok());
    delete_range("b", std::nullopt);
    const Status flushed = db().flush();
    INFO(flushed.to_string());
    REQUIRE(flushed.is_ok());
    CHECK(get(largest) == "-");
    reopen();
    CHECK(get(largest) == "-");
    REQUIRE(db().compact_all().is_ok());
    CHECK(get(largest) == "-");
    CHECK(db().stats().state == StoreState::kOk);
}

TEST_CASE_METHOD(RangeDeletes, "range delete: takes its place among the batch's other mutations") {
    fill("abc");
    put("n", "7");
    WriteBatch batch;
    batch.put("b", "before");
    batch.increment("n", 1);
    batch.delete_range("", std::nullopt);
    batch.put("c", "after");
    batch.increment("n", 5);
    const WriteResult result = db().write(std::move(batch));
    REQUIRE(result.status.is_ok());
    CHECK(result.counters == std::vector<int64_t>{8, 5});
    CHECK(found() == "c");
    CHECK(get("c") == "after");
    CHECK(get("n") == "5");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: an open end covers the batch's own larger keys") {
    fill("a");
    WriteBatch batch;
    batch.put("h", "mine");
    batch.delete_range("b", std::nullopt);
    REQUIRE(db().write(std::move(batch)).status.is_ok());
    CHECK(found() == "a");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: a snapshot taken before sees what it hides") {
    fill("abcd");
    const ReadOptions before{.snapshot = db().snapshot()};
    delete_range("b", "d");
    CHECK(found() == "ad");
    CHECK(found(before) == "abcd");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: survives restart and power failure") {
    fill("abcd");
    delete_range("b", "d");
    reopen();
    CHECK(found() == "ad");
    crash();
    CHECK(found() == "ad");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: holds through flush, compaction and restart") {
    fill("abcdefgh");
    REQUIRE(db().flush().is_ok());
    const ReadOptions before{.snapshot = db().snapshot()};
    delete_range("b", "g");
    fill("d");
    REQUIRE(db().flush().is_ok());
    CHECK(found() == "adgh");
    CHECK(scan() == "a=1 d=1 g=1 h=1");
    CHECK(scan({}, true) == "h=1 g=1 d=1 a=1");
    REQUIRE(db().compact_all().is_ok());
    CHECK(found() == "adgh");
    CHECK(found(before) == "abcdefgh");
    CHECK(scan() == "a=1 d=1 g=1 h=1");
    crash(CrashOptions::lose_all());
    CHECK(found() == "adgh");
    CHECK(scan() == "a=1 d=1 g=1 h=1");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: a table may hold nothing else") {
    fill("abcd");
    REQUIRE(db().flush().is_ok());
    delete_range("b", "d");
    REQUIRE(db().flush().is_ok());
    reopen();
    CHECK(found() == "ad");
    CHECK(scan() == "a=1 d=1");
    REQUIRE(db().compact_all().is_ok());
    CHECK(scan() == "a=1 d=1");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: compaction forgets it with what it hid") {
    for (int i = 0; i < 400; ++i) put("key" + std::to_string(i), std::string(300, 'v'));
    delete_range("key", "kez");
    REQUIRE(db().compact_all().is_ok());
    executor_.run_until_idle();
    const StoreStats stats = db().stats();
    uint64_t bytes = 0;
    for (const LevelStats& level : stats.levels) bytes += level.bytes;
    CHECK(bytes == 0);
    CHECK(scan().empty());
}

TEST_CASE_METHOD(RangeDeletes, "range delete: thousands that overlap, live, flushed and replayed") {
    options_.memtable_bytes = 8U << 20;
    options_.wal_segment_bytes = 8U << 20;
    const auto key = [](int number) { return "log/" + std::to_string(100'000 + number); };
    constexpr int kTrims = 10'000;
    for (int batch = 0; batch < 100; ++batch) {
        WriteBatch trims;
        for (int i = 0; i < kTrims / 100; ++i) {
            const int number = batch * (kTrims / 100) + i;
            trims.put(key(number), "v");
            trims.delete_range("log/", Bytes(key(number)));
        }
        REQUIRE(db().write(std::move(trims)).status.is_ok());
    }
    CHECK(scan() == key(kTrims - 1) + "=v");
    executor_.run_until_idle();
    CHECK(db().stats().flushes >= 2);  // by their number
    crash();
    CHECK(scan() == key(kTrims - 1) + "=v");
    REQUIRE(db().compact_all().is_ok());
    CHECK(scan() == key(kTrims - 1) + "=v");
}

TEST_CASE_METHOD(RangeDeletes, "clear: deletes everything, and gives the space back") {
    for (int i = 0; i < 400; ++i) put("key" + std::to_string(i), std::string(300, 'v'));
    REQUIRE(db().flush().is_ok());
    executor_.run_until_idle();
    const Status cleared = db().clear();
    INFO(cleared.to_string());
    REQUIRE(cleared.is_ok());
    executor_.run_until_idle();
    CHECK(scan().empty());
    const StoreStats stats = db().stats();
    uint64_t tables = 0;
    for (const LevelStats& level : stats.levels) tables += level.tables;
    CHECK(tables <= 1);
    fill("a");
    reopen();
    CHECK(scan() == "a=1");
}

namespace {

struct ManyTables : RangeDeletes {
    ManyTables() {
        options_.table_bytes = 8U << 10;
        options_.compression = Compression::kNone;  // the values repeat themselves
        for (int i = 0; i < 1000; ++i)
            REQUIRE(put("key" + std::to_string(i), std::string(300, 'v'), Durability::kMemory)
                        .status.is_ok());
        REQUIRE(db().compact_all().is_ok());
        executor_.run_until_idle();
        REQUIRE(tables() > 30);
    }
    uint64_t tables() {
        uint64_t count = 0;
        for (const std::string& name : disk_->files("db")) count += name.ends_with(".sst") ? 1 : 0;
        return count;
    }
    size_t entries(const ReadOptions& options = {}) {
        ScanOptions scan;
        static_cast<ReadOptions&>(scan) = options;
        size_t count = 0;
        const auto it = db().new_iterator(scan);
        for (it->seek_to_first(); it->valid(); it->next()) ++count;
        CHECK(it->status().is_ok());
        return count;
    }
};

}  // namespace

TEST_CASE_METHOD(ManyTables, "clear: drops all tables at once and reads none of them") {
    const uint64_t read_before = db().stats().compaction_read_bytes;
    const uint64_t misses_before = db().stats().cache_misses;
    REQUIRE(db().clear().is_ok());
    executor_.run_until_idle();
    CHECK(tables() == 0);
    CHECK(db().stats().compaction_read_bytes - read_before < 2000);  // the range delete itself
    CHECK(db().stats().cache_misses == misses_before);
    CHECK(logged(", dropped"));
    CHECK(entries() == 0);
    fill("a");
    crash();
    CHECK(scan() == "a=1");
    CHECK(tables() <= 1);
}

TEST_CASE_METHOD(ManyTables, "clear: gives the space back when the snapshots that need it go") {
    ReadOptions before{.snapshot = db().snapshot()};
    const uint64_t tables_before = tables();
    REQUIRE(db().clear().is_ok());
    executor_.run_until_idle();
    CHECK(tables() >= tables_before);
    CHECK(entries(before) == 1000);
    CHECK(entries() == 0);
    before.snapshot.reset();
    executor_.run_until_idle();
    CHECK(tables() == 0);
    CHECK(entries() == 0);
}

TEST_CASE_METHOD(ManyTables, "range delete: drops the tables it covers, and keeps the others") {
    const uint64_t tables_before = tables();
    delete_range("key2", "key7");  // about half of the keys
    REQUIRE(db().flush().is_ok());
    executor_.run_until_idle();
    CHECK(tables() < tables_before * 2 / 3);
    CHECK(entries() == 1000 - 5 * 111);
    reopen();
    CHECK(entries() == 1000 - 5 * 111);
    CHECK(get("key199") == std::string(300, 'v'));
    CHECK(get("key2") == "-");
    CHECK(get("key699") == "-");
    CHECK(get("key7") == std::string(300, 'v'));
}

TEST_CASE_METHOD(ManyTables, "range delete: a damaged table fails only walks that come near it") {
    const ReadOptions pin{.snapshot = db().snapshot()};  // keeps the range deletes in their tables
    put("a1", "v");
    delete_range("a5", "a7");
    REQUIRE(db().flush().is_ok());
    put("z1", "v");
    delete_range("z5", "z7");
    REQUIRE(db().flush().is_ok());
    executor_.run_until_idle();
    std::string newest;
    for (const std::string& name : disk_->files("db"))
        if (name.ends_with(".sst")) newest = std::max(newest, name);
    close();
    const auto size = disk_->file_size("db/" + newest);
    REQUIRE(size.is_ok());
    disk_->corrupt("db/" + newest, *size - 10, 1);
    const auto walk = [&](const char* prefix) {
        ScanOptions options;
        options.prefix = prefix;
        return scan(options);
    };
    CHECK(walk("a") == "a1=v");
    CHECK(walk("key99").find('!') == std::string::npos);
    CHECK(walk("key99").find("key999") != std::string::npos);
    CHECK(walk("z").find(newest) != std::string::npos);
    CHECK(scan().find(newest) != std::string::npos);
}

TEST_CASE_METHOD(RangeDeletes, "clear: an open iterator keeps what it sees") {
    fill("abc");
    REQUIRE(db().flush().is_ok());
    auto it = db().new_iterator();
    it->seek_to_first();
    const Status cleared = db().clear();
    INFO(cleared.to_string());
    REQUIRE(cleared.is_ok());
    executor_.run_until_idle();
    std::string seen;
    for (; it->valid(); it->next()) seen += it->key();
    CHECK(it->status().is_ok());
    CHECK(seen == "abc");
    it.reset();
    CHECK(found() == "");
}

TEST_CASE_METHOD(RangeDeletes, "range delete: counts as a change to preconditions") {
    fill("b");
    const Seqno before = db().published_seqno();
    delete_range("a", "c");
    const auto require = [&](Precondition precondition) {
        WriteBatch batch;
        batch.require(std::move(precondition));
        batch.put("x", "1");
        return db().write(std::move(batch)).status;
    };
    CHECK(require({Precondition::Kind::kNotNewer, "b", "", before}).is(Code::kConflict));
    CHECK(require({Precondition::Kind::kNotNewer, "b", "", before}).detail() == before + 1);
    CHECK(require({Precondition::Kind::kPresent, "b", "", 0}).is(Code::kConflict));
    CHECK(require({Precondition::Kind::kAbsent, "b", "", 0}).is_ok());
}

TEST_CASE_METHOD(RangeDeletes, "range delete: a bound over the key limit is refused") {
    WriteBatch batch;
    batch.delete_range("a", std::string(kMaxKeyBytes + 1, 'b'));
    CHECK(db().write(std::move(batch)).status.is(Code::kInvalidArgument));
}

TEST_CASE_METHOD(RangeDeletes, "range delete: many open ends need no more log than they fill") {
    fill("abc");
    WriteBatch batch;
    for (int i = 0; i < 2000; ++i) batch.delete_range("b", std::nullopt);
    REQUIRE(db().write(std::move(batch)).status.is_ok());
    CHECK(found() == "a");
    CHECK(disk_->used_bytes() < 1U << 20);
}

TEST_CASE_METHOD(RangeDeletes, "range delete: a batch whose ends outgrow a log record is refused") {
    const std::string largest(kMaxKeyBytes, 'z');
    REQUIRE(put(largest, "1").status.is_ok());
    WriteBatch batch;
    for (int i = 0; i < 5000; ++i) batch.delete_range("a", std::nullopt);
    const uint64_t used = disk_->used_bytes();
    CHECK(db().write(std::move(batch)).status.is(Code::kInvalidArgument));
    CHECK(disk_->used_bytes() == used);
    CHECK(db().stats().state == StoreState::kOk);
    CHECK(get(largest) == "1");
    delete_range("a", std::nullopt);
    CHECK(get(largest) == "-");
}
