// Tables from the builder to the reader: empty, one, many, boundaries, both ways, caches.
// SPDX-License-Identifier: Apache-2.0
#include "base/coding.h"
#include "sstable/table_fixture.h"

using namespace kv;
using namespace kv::test;

TEST_CASE("table: one entry comes back") {
    TableFixture f;
    const EntryList one = {{make_internal_key("k", 5, Kind::kPut), "v"}};
    const TableProperties built = f.build(one);
    CHECK(built.entries == 1);
    CHECK(built.smallest == one[0].first);
    CHECK(built.largest == one[0].first);
    CHECK(built.size_bytes == f.file().size());
    const auto table = f.open();
    CHECK(table->verify().to_string() == "ok");
    for (const Bytes key : {"", "j", "k", "k\x01", "l"})
        for (const Seqno seqno : {Seqno{0}, Seqno{4}, Seqno{5}, kMaxSeqno})
            require_get(*table, one, key, seqno);
    const auto it = table->new_iterator();
    CHECK_FALSE(it->valid());
    it->seek_to_first();
    require_same_entry(*it, one, 0);
    it->next();
    CHECK_FALSE(it->valid());
}

TEST_CASE("table: agrees with a sorted array over many shapes") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 30; ++round) {
        CAPTURE(round);
        TableFixture f;
        TableOptions options;
        options.block_size_bytes = static_cast<uint32_t>(1 + random.below(1000));
        options.restart_interval = static_cast<uint32_t>(1 + random.below(20));
        options.bloom_bits_per_key = static_cast<uint32_t>(random.below(12));
        const EntryList entries = random_entries(random, 1 + random.below(500), 60);
        f.build(entries, options);
        const auto table = f.open();
        REQUIRE(table->verify().to_string() == "ok");
        const ReadMode modes[] = {{}, {false, false, 0}, {false, false, 2000}};
        for (const ReadMode& mode : modes)
            walk_randomly(*table->new_iterator(mode), entries, random, 200);
        for (int i = 0; i < 300; ++i)
            require_get(*table, entries, random_key(random), random.below(600));
        for (const auto& entry : entries)
            require_get(*table, entries, user_key_of(entry.first),
                        trailer_seqno(trailer_of(entry.first)));
    }
}

TEST_CASE("table: versions of one key may fill many blocks") {
    TableFixture f;
    EntryList entries;
    for (Seqno seqno = 1; seqno <= 300; ++seqno)
        for (const char* key : {"a", "b", "c"})
            entries.emplace_back(make_internal_key(key, seqno, Kind::kPut), std::to_string(seqno));
    sort_entries(entries);
    TableOptions options;
    options.block_size_bytes = 64;
    f.build(entries, options);
    const auto table = f.open();
    for (const Bytes key : {"a", "aa", "b", "c", "d"})
        for (Seqno seqno = 0; seqno <= 301; ++seqno) require_get(*table, entries, key, seqno);
    require_get(*table, entries, "b", kMaxSeqno);
    require_get(*table, entries, "c", kMaxSeqno);
}

TEST_CASE("table: properties tell what was added") {
    TableFixture f;
    std::string expiring;
    put_fixed64(expiring, 777);
    const EntryList entries = {{make_internal_key("a", 9, Kind::kDelete), ""},
                               {make_internal_key("a", 3, Kind::kPut), "old"},
                               {make_internal_key("b", 6, Kind::kPutWithExpiry), expiring + "v"}};
    TableOptions options;
    options.reason = TableReason::kFlush;
    const TableProperties built = f.build(entries, options);
    const auto table = f.open();
    for (const TableProperties& p : {built, table->properties()}) {
        CHECK(p.entries == 3);
        CHECK(p.tombstones == 1);
        CHECK(p.smallest == entries[0].first);
        CHECK(p.largest == entries[2].first);
        CHECK(p.smallest_seqno == 3);
        CHECK(p.largest_seqno == 9);
        CHECK(p.earliest_expiry_ms == 777);
        CHECK(p.raw_key_bytes == 27);
        CHECK(p.raw_value_bytes == 12);
        CHECK(p.data_blocks == 1);
        CHECK(p.reason == TableReason::kFlush);
        CHECK(p.file_number == TableFixture::kFileNumber);
        CHECK(p.size_bytes == f.file().size());
        CHECK(p.checksum == built.checksum);
    }
}

TEST_CASE("table: values up to the largest come back") {
    TableFixture f;
    EntryList entries = numbered_entries(20);
    entries[7].second = std::string(kMaxValueBytes, 'v');
    entries[8].second.clear();
    const TableProperties built = f.build(entries);
    CHECK(built.data_blocks >= 2);
    const auto table = f.open();
    require_get(*table, entries, user_key_of(entries[7].first), kMaxSeqno);
    const auto it = table->new_iterator({false, false, 1 << 16});
    it->seek_to_first();
    for (size_t i = 0; i <= entries.size(); ++i) {
        require_same_entry(*it, entries, i);
        if (it->valid()) it->next();
    }
}

TEST_CASE("table builder: refuses what is out of order or no entry, and stays failed") {
    TableFixture f;
    const std::string b = make_internal_key("b", 5, Kind::kPut);
    const std::string bad[] = {b,
                               make_internal_key("b", 6, Kind::kPut),
                               make_internal_key("a", 1, Kind::kPut),
                               "short",
                               make_internal_key("c", 1, Kind::kRangeDelete),
                               make_internal_key("c", 1, static_cast<Kind>(99)),
                               make_internal_key("c", 1, Kind::kPutWithExpiry)};
    for (const std::string& key : bad) {
        auto builder = *TableBuilder::create(f.fs, f.path, 7, {});
        REQUIRE(builder->add(b, "v").is_ok());
        CHECK(builder->add(key, "v").is(Code::kCorruption));
        CHECK(builder->add(make_internal_key("z", 1, Kind::kPut), "v").is(Code::kCorruption));
        CHECK(builder->finish().status().is(Code::kCorruption));
        CHECK(builder->abandon().is_ok());
        CHECK(f.fs.files("db").empty());
    }
}

TEST_CASE("table builder: syncs the file, and reports every failed write and sync") {
    const EntryList entries = numbered_entries(40'000, 30);
    TableFixture clean;
    clean.build(entries);
    const auto survivor = clean.fs.clone_after_crash(CrashOptions::keep_all());
    CHECK(survivor->read_file(clean.path).value() == clean.file());
    const uint64_t operations = clean.fs.operation_count();
    REQUIRE(operations > 5);
    for (uint64_t at = 1; at < operations; ++at) {
        TableFixture f;
        f.fs.fail_at(at, Fault::kEio);
        auto builder = TableBuilder::create(f.fs, f.path, 7, {});
        Status status = builder.status();
        for (size_t i = 0; status.is_ok() && i < entries.size(); ++i)
            status = (*builder)->add(entries[i].first, entries[i].second);
        if (status.is_ok()) status = (*builder)->finish().status();
        CAPTURE(at);
        CHECK((f.fs.faults_hit() == 0 || status.is(Code::kIoError)));
    }
}

TEST_CASE("table builder: every write but the last begins and ends at a multiple of 256 KiB") {
    constexpr uint64_t kStep = 256U << 10;
    for (const size_t value_bytes : std::initializer_list<size_t>{20, 3000, 700'000}) {
        TableFixture f;
        f.build(numbered_entries(3'000'000 / (value_bytes + 40), value_bytes));
        std::vector<Operation> writes;
        for (const Operation& operation : f.fs.journal())
            if (operation.kind == OpKind::kWrite) writes.push_back(operation);
        REQUIRE(writes.size() > 2);
        for (size_t i = 0; i < writes.size(); ++i) {
            CHECK(writes[i].offset % kStep == 0);
            if (i + 1 < writes.size()) CHECK(writes[i].length % kStep == 0);
        }
    }
}

TEST_CASE("table reader: the cache answers the second time, and only then without the disk") {
    TableFixture f;
    const EntryList entries = numbered_entries(1000);
    f.build(entries);
    const auto table = f.open();
    const Bytes key = user_key_of(entries[500].first);
    TableGet got;
    CHECK(get(*table, key, kMaxSeqno, got, {true, true, 0}).is(Code::kWouldBlock));
    CHECK_FALSE(got.found);
    CHECK(get(*table, key, kMaxSeqno, got, {false, false, 0}).is_ok());
    CHECK(get(*table, key, kMaxSeqno, got, {true, true, 0}).is(Code::kWouldBlock));
    CHECK(get(*table, key, kMaxSeqno, got).is_ok());
    CHECK(get(*table, key, kMaxSeqno, got, {true, true, 0}).is_ok());
    CHECK(got.value == entries[500].second);
    CHECK(got.disk_reads == 2);
    CHECK(got.cache_hits == 1);
    CHECK(got.filter_checks == 5);
    CHECK(got.filter_skips == 0);
    CHECK(get(*table, "no such key", kMaxSeqno, got, {true, true, 0}).is_ok());
    CHECK(got.filter_skips == 1);

    const auto it = table->new_iterator({true, true, 0});
    it->seek(entries[500].first);
    CHECK(it->valid());
    it->seek_to_first();
    CHECK_FALSE(it->valid());
    CHECK(it->status().is(Code::kWouldBlock));
}

TEST_CASE("table reader: a value stays while its pin is held") {
    TableFixture f;
    const EntryList entries = numbered_entries(100);
    f.build(entries);
    TableGet got;
    {
        const auto table = f.open();
        REQUIRE(get(*table, user_key_of(entries[3].first), kMaxSeqno, got).is_ok());
    }
    f.cache.erase_file(TableFixture::kFileNumber);
    CHECK(got.value == entries[3].second);
}

TEST_CASE("table reader: offsets grow with the keys") {
    TableFixture f;
    const EntryList entries = numbered_entries(5000);
    f.build(entries);
    const auto table = f.open();
    CHECK(table->approximate_offset("") == 0);
    CHECK(table->approximate_offset("zzz") == table->properties().data_bytes);
    uint64_t last = 0;
    for (const auto& entry : entries) {
        const uint64_t offset = table->approximate_offset(user_key_of(entry.first));
        REQUIRE(offset >= last);
        last = offset;
    }
    CHECK(last > table->properties().data_bytes / 2);
}

TEST_CASE("table reader: an iterator reading ahead makes few reads") {
    TableFixture f;
    const EntryList entries = numbered_entries(20'000);
    f.build(entries);
    const auto table = f.open();
    const uint64_t before = f.fs.operation_count();
    size_t shown = 0;
    const auto it = table->new_iterator({false, false, 64U << 10});
    for (it->seek_to_first(); it->valid(); it->next()) ++shown;
    CHECK(it->status().is_ok());
    CHECK(shown == entries.size());
    CHECK(table->properties().data_blocks > 100);
    CHECK(f.fs.operation_count() - before <= 6 + table->properties().data_bytes / (60U << 10));
}

TEST_CASE("table: a long walk reads many blocks at a time, either way") {
    TableFixture f;
    TableOptions options;
    options.block_size_bytes = 500;
    const EntryList entries = numbered_entries(4000, 40);
    f.build(entries, options);
    const auto table = f.open();
    const bool reverse = GENERATE(false, true);
    CAPTURE(reverse);
    BlockCounts counts;
    ReadMode mode{false, true, 8000};
    mode.counts = &counts;
    require_whole_walk(*table->new_iterator(mode), entries, reverse);
    CHECK(counts.from_disk == table->properties().data_blocks);
    // What is read ahead is not kept: only the block that the walk began in is in the cache.
    CHECK(f.cache.stats().insertions == 1);
}
