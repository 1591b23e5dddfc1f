// Reads: snapshots, iterators both ways, bounds, tables and compaction underneath.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "db/db_fixture.h"

using namespace kv;
using kv::test::DbFixture;

namespace {

void fill(DbFixture& f, int count, const std::string& value) {
    for (int i = 0; i < count; ++i) {
        char key[16];
        std::snprintf(key, sizeof key, "k%05d", i);
        REQUIRE(f.put(key, value, Durability::kMemory).status.is_ok());
    }
    REQUIRE(f.db().sync().is_ok());
}

}  // namespace

TEST_CASE("snapshot: keeps its state through overwrites, flush and compaction") {
    DbFixture f;
    REQUIRE(f.put("a", "1").status.is_ok());
    REQUIRE(f.put("b", "1").status.is_ok());
    ReadOptions at;
    at.snapshot = f.db().snapshot();
    REQUIRE(f.put("a", "2").status.is_ok());
    REQUIRE(f.db().del("b").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    REQUIRE(f.db().compact_all().is_ok());
    CHECK(f.get("a", at) == "1");
    CHECK(f.get("b", at) == "1");
    CHECK(f.get("a") == "2");
    CHECK(f.get("b") == "-");
    ScanOptions scan;
    scan.snapshot = at.snapshot;
    CHECK(f.scan(scan) == "a=1 b=1");
    CHECK(f.scan(scan, true) == "b=1 a=1");
    at.snapshot = scan.snapshot = nullptr;
    REQUIRE(f.db().compact_all().is_ok());
    CHECK(f.db().stats().levels[6].entries == 1);
}

TEST_CASE("iterator: bounds, prefix and both directions agree") {
    DbFixture f;
    for (const char* key : {"a", "ab", "abc", "b", "ba", "c"})
        REQUIRE(f.put(key, "x").status.is_ok());
    ScanOptions range;
    range.lower = "ab";
    range.upper = "c";
    CHECK(f.scan(range) == "ab=x abc=x b=x ba=x");
    CHECK(f.scan(range, true) == "ba=x b=x abc=x ab=x");
    ScanOptions prefix;
    prefix.prefix = "a";
    CHECK(f.scan(prefix) == "a=x ab=x abc=x");
    CHECK(f.scan(prefix, true) == "abc=x ab=x a=x");
    const auto it = f.db().new_iterator(range);
    it->seek("a");
    REQUIRE(it->valid());
    CHECK(it->key() == "ab");
    it->seek("b");
    CHECK(it->key() == "b");
    it->prev();
    CHECK(it->key() == "abc");
    it->next();
    CHECK(it->key() == "b");
    it->seek_for_prev("bz");
    CHECK(it->key() == "ba");
    it->seek_for_prev("zz");
    CHECK(it->key() == "ba");
    it->next();
    CHECK_FALSE(it->valid());
}

TEST_CASE("iterator: shows the state of its birth") {
    DbFixture f;
    REQUIRE(f.put("a", "1").status.is_ok());
    const auto it = f.db().new_iterator({});
    REQUIRE(f.put("b", "2").status.is_ok());
    REQUIRE(f.put("a", "9").status.is_ok());
    it->seek_to_first();
    CHECK(it->value() == "1");
    it->next();
    CHECK_FALSE(it->valid());
}

TEST_CASE("reads: thousands of entries survive flushes, compactions and a restart") {
    DbFixture f;
    fill(f, 3000, std::string(50, 'a'));
    fill(f, 1500, std::string(50, 'b'));
    f.executor_.run_until_idle();
    const StoreStats stats = f.db().stats();
    CHECK(stats.flushes > 2);
    CHECK(stats.compactions > 0);
    CHECK(f.get("k00000") == std::string(50, 'b'));
    CHECK(f.get("k02999") == std::string(50, 'a'));
    f.crash();
    CHECK(f.get("k01499") == std::string(50, 'b'));
    CHECK(f.get("k01500") == std::string(50, 'a'));
    const auto it = f.db().new_iterator({});
    int count = 0;
    for (it->seek_to_first(); it->valid(); it->next()) ++count;
    CHECK(it->status().is_ok());
    CHECK(count == 3000);
    for (it->seek_to_last(); it->valid(); it->prev()) --count;
    CHECK(count == 0);
    CHECK(f.db().approximate_count({}) >= 3000);
}

TEST_CASE("reads: days of overwrites keep a bounded number of files") {
    DbFixture f;
    for (int round = 0; round < 30; ++round) fill(f, 1000, std::string(60, 'x'));
    REQUIRE(f.db().compact_all().is_ok());
    f.executor_.run_until_idle();
    CHECK(f.disk_->files("db").size() < 20);
    CHECK(f.db().stats().wal_segments <= 4);
}

TEST_CASE("reads: memory only answers would-block until the block is cached") {
    DbFixture f;
    REQUIRE(f.put("a", "1").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    ReadOptions memory;
    memory.cache_only = true;
    CHECK(f.db().get("a", memory).status().is(Code::kWouldBlock));
    CHECK(f.get("a") == "1");
    CHECK(f.get("a", memory) == "1");
}

TEST_CASE("reads: the head of an entry is known without its value") {
    DbFixture f;
    WriteBatch batch;
    batch.put("a", "123");
    batch.put_with_expiry("b", "12", f.clock_.wall_ms() + 1000);
    REQUIRE(f.db().write(std::move(batch), Durability::kDisk).status.is_ok());
    ReadOptions then;
    then.snapshot = f.db().snapshot();
    REQUIRE(f.put("a", "1234").status.is_ok());
    for (const bool flushed : {false, true}) {
        INFO(flushed);
        if (flushed) REQUIRE(f.db().flush().is_ok());
        const uint64_t gets = f.db().stats().gets, hits = f.db().stats().get_hits;
        const auto a = *f.db().get_head("a"), b = *f.db().get_head("b");
        REQUIRE(a);
        CHECK(a->value_bytes == 4);
        CHECK(a->seqno == 3);
        CHECK(a->expiry_ms == 0);
        CHECK((*f.db().get_head("a", then))->value_bytes == 3);
        REQUIRE(b);
        CHECK(b->value_bytes == 2);
        CHECK(b->expiry_ms == f.clock_.wall_ms() + 1000);
        CHECK_FALSE(*f.db().get_head("c"));
        CHECK(f.db().stats().gets == gets + 4);
        CHECK(f.db().stats().get_hits == hits + 3);
    }
    f.clock_.advance_ms(1000);
    CHECK_FALSE(*f.db().get_head("b"));
    f.crash();
    ReadOptions memory;
    memory.cache_only = true;
    CHECK(f.db().get_head("a", memory).status().is(Code::kWouldBlock));
    CHECK((*f.db().get_head("a"))->value_bytes == 4);
    CHECK((*f.db().get_head("a", memory))->value_bytes == 4);
}

TEST_CASE("stall: writes are refused, not held for ever, when damage keeps level 0 full") {
    DbFixture f;
    f.options_.level0_compaction_trigger = 2;
    f.options_.level0_stop_trigger = 4;
    fill(f, 20, "v");
    REQUIRE(f.db().flush().is_ok());
    const auto files = f.disk_->files("db");
    const auto table = std::find_if(files.begin(), files.end(), [](const std::string& name) {
        return name.find(".sst") != std::string::npos;
    });
    REQUIRE(table != files.end());
    f.disk_->corrupt("db/" + *table, 40);
    WriteResult last;
    for (int i = 0; i < 10 && last.status.is_ok(); ++i) {
        last = f.put("k00005", "w");  // meets the damaged table
        if (last.status.is_ok()) (void)f.db().flush();
        f.executor_.run_until_idle();
    }
    CHECK(last.status.is(Code::kReadOnly));
    CHECK(f.db().stats().state == StoreState::kReadOnly);
    CHECK(f.db().stats().state_reason.find(*table) != std::string::npos);
    CHECK(f.get("k00005") == "w");
}

TEST_CASE("stall: writes are refused with no-space while a full disk keeps level 0 full") {
    DbFixture f;
    f.options_.level0_compaction_trigger = 3;
    f.options_.level0_stop_trigger = 4;
    f.options_.wal_segment_bytes = 1U << 20;
    f.options_.memtable_bytes = 1U << 20;
    f.options_.compression = Compression::kNone;  // a merge takes as much room as its inputs
    const std::string value(2000, 'v');
    for (int round = 0; round < 2; ++round) {
        fill(f, 10, value);
        REQUIRE(f.db().flush().is_ok());
    }
    f.executor_.run_until_idle();
    // Room for level 0 tables of a few hundred bytes, none for the merge of the large ones.
    f.disk_->set_capacity(f.disk_->used_bytes() + 12'000);
    WriteResult last;
    for (int i = 0; i < 10 && last.status.is_ok(); ++i) {
        last = f.put("k00005", "w" + std::to_string(i));
        if (last.status.is_ok()) (void)f.db().flush();
        f.executor_.run_until_idle();
    }
    CHECK(last.status.is(Code::kNoSpace));
    CHECK(f.db().stats().state == StoreState::kNoSpace);
    f.disk_->set_capacity(UINT64_MAX);
    for (int i = 0; i < 10; ++i) {
        f.executor_.advance_to_next_delayed();
        f.executor_.run_until_idle();
    }
    CHECK(f.db().stats().state == StoreState::kOk);
    CHECK(f.put("k00005", "again").status.is_ok());
    CHECK(f.get("k00005") == "again");
}
