// Large indexes and filters, split into parts that are read when they are needed: same answers,
// the cache and cache-only reads, damage.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/index_cursor.h"
#include "sstable/table_fixture.h"

using namespace kv;
using namespace kv::test;
using namespace kv::sstable;

namespace {

TableOptions split_options(uint32_t threshold_bytes = 512) {
    TableOptions options;
    options.block_size_bytes = 200;
    options.partition_threshold_bytes = threshold_bytes;
    return options;
}

constexpr ReadMode kCacheOnly = {true, true, 0};

}  // namespace

TEST_CASE("partitions: a table that has them agrees with a sorted array") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 12; ++round) {
        CAPTURE(round);
        TableFixture f;
        TableOptions options = split_options(static_cast<uint32_t>(64 << random.below(5)));
        options.bloom_bits_per_key = static_cast<uint32_t>(random.below(3) * 8);
        const EntryList entries = random_entries(random, 1200 + random.below(900), 60);
        f.build(entries, options);
        const auto table = f.open();
        REQUIRE(table->index().is_partitioned());
        REQUIRE(table->index().view().blocks() > 1);
        CHECK(table->index().blocks() == table->properties().data_blocks);
        if (options.partition_threshold_bytes <= 128)
            CHECK(table->filter().is_partitioned() == (options.bloom_bits_per_key > 0));
        REQUIRE(table->verify().to_string() == "ok");
        const ReadMode modes[] = {{}, {false, false, 0}, {false, false, 2000}};
        for (const ReadMode& mode : modes)
            walk_randomly(*table->new_iterator(mode), entries, random, 200);
        for (int i = 0; i < 300; ++i)
            require_get(*table, entries, random_key(random), random.below(1200));
        for (const auto& entry : entries)
            require_get(*table, entries, user_key_of(entry.first),
                        trailer_seqno(trailer_of(entry.first)));
    }
}

TEST_CASE("partitions: a table splits what is larger than the threshold, and nothing else") {
    TableFixture f;
    const EntryList entries = numbered_entries(3000);
    f.build(entries, split_options(1U << 20));
    CHECK_FALSE(f.open()->index().is_partitioned());
    CHECK_FALSE(f.open()->filter().is_partitioned());
    const size_t whole_bytes = f.open()->memory_bytes();
    f.build(entries, split_options());
    CHECK(f.open()->index().is_partitioned());
    CHECK(f.open()->filter().is_partitioned());
    CHECK(f.open()->memory_bytes() < whole_bytes / 5);
    TableOptions small_index = split_options(2000);
    small_index.block_size_bytes = 4096;
    f.build(entries, small_index);
    CHECK_FALSE(f.open()->index().is_partitioned());
    CHECK(f.open()->filter().is_partitioned());
}

TEST_CASE("partitions: the cursor walks all data blocks both ways") {
    TableFixture f;
    f.build(numbered_entries(1000), split_options());
    const auto table = f.open();
    IndexCursor cursor(*table);
    uint64_t expected_offset = 0, blocks = 0;
    REQUIRE(cursor.seek_to_first({}).is_ok());
    while (cursor.valid()) {
        CHECK(cursor.handle().offset == expected_offset);
        expected_offset = cursor.handle().end();
        ++blocks;
        REQUIRE(cursor.next({}).is_ok());
    }
    CHECK(expected_offset == table->data_end());
    CHECK(blocks == table->properties().data_blocks);
    REQUIRE(cursor.seek_to_last({}).is_ok());
    while (cursor.valid()) {
        CHECK(cursor.handle().end() == expected_offset);
        expected_offset = cursor.handle().offset;
        REQUIRE(cursor.prev({}).is_ok());
    }
    CHECK(expected_offset == 0);
}

TEST_CASE(
    "partitions: a cache-only read answers from parts in the cache, else that it would block") {
    TableFixture f;
    const EntryList entries = numbered_entries(1000);
    f.build(entries, split_options());
    const auto table = f.open();
    const Bytes key = user_key_of(entries[500].first);
    TableGet got;
    CHECK(get(*table, key, kMaxSeqno, got, kCacheOnly).is(Code::kWouldBlock));
    const auto it = table->new_iterator(kCacheOnly);
    it->seek(entries[500].first);
    CHECK_FALSE(it->valid());
    CHECK(it->status().is(Code::kWouldBlock));
    REQUIRE(get(*table, key, kMaxSeqno, got).is_ok());
    CHECK(got.value == entries[500].second);
    CHECK(get(*table, key, kMaxSeqno, got, kCacheOnly).is_ok());
    CHECK(got.found);
    it->seek(entries[500].first);
    CHECK(it->valid());
    CHECK(it->key() == entries[500].first);
    it->seek_to_first();
    CHECK(it->status().is(Code::kWouldBlock));
    REQUIRE(get(*table, user_key_of(entries[0].first), kMaxSeqno, got).is_ok());
    it->seek_to_first();
    CHECK(it->key() == entries[0].first);

    f.cache.erase_file(TableFixture::kFileNumber);
    REQUIRE(get(*table, key, kMaxSeqno, got, {false, false, 0}).is_ok());
    CHECK(get(*table, key, kMaxSeqno, got, kCacheOnly).is(Code::kWouldBlock));
}

TEST_CASE("partitions: every flipped bit is noticed by whoever reads it") {
    TableFixture f;
    const EntryList entries = numbered_entries(60);
    f.build(entries, split_options(100), {{"a", "b", 7}});
    REQUIRE(f.open()->index().is_partitioned());
    const size_t size = f.file().size();
    for (size_t offset = 0; offset < size; ++offset) {
        CAPTURE(offset);
        const auto mask = static_cast<uint8_t>(1 << offset % 8);
        f.fs.corrupt(f.path, offset, mask);
        f.cache.erase_file(TableFixture::kFileNumber);
        const auto table = f.try_open();
        if (!table.is_ok()) {
            CHECK(table.status().is(Code::kCorruption));
        } else {
            CHECK(offset < (*table)->footer().filter.offset);
            CHECK((*table)->verify().is(Code::kCorruption));
            size_t failed = 0;
            for (const auto& [key, value] : entries) {
                TableGet got;
                const Status status = get(**table, user_key_of(key), kMaxSeqno, got);
                if (status.is_ok()) {
                    REQUIRE((got.found && got.value == value));
                } else {
                    REQUIRE(status.is(Code::kCorruption));
                    ++failed;
                }
            }
            CHECK(failed > 0);
        }
        f.fs.corrupt(f.path, offset, mask);
    }
}
