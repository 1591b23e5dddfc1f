// Which blocks that a table read stay in the cache, and that those which do not are read right all
// the same, from memory that many reads share.
// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "base/random.h"
#include "sstable/table_fixture.h"

using namespace kv;
using namespace kv::test;

namespace {

/// A table many times larger than its cache, which is full of its first blocks.
struct FullCache : TableFixture {
    explicit FullCache(Codec codec) : entries(numbered_entries(4000, 100)) {
        cache.set_capacity(64 << 10);
        TableOptions options;
        options.codec = codec;
        // Some that no codec makes smaller: in a compressed table they are stored as they are.
        for (size_t i = 0; i < entries.size(); ++i)
            if (i / 100 % 2 == 0)
                for (char& c : entries[i].second) c = static_cast<char>(random.next());
        build(entries, options);
        table = open();
        read_all();
        REQUIRE(cache.stats().evictions > 0);
    }
    void read_all() {
        for (const auto& [key, value] : entries)
            require_get(*table, entries, user_key_of(key), kMaxSeqno);
    }
    /// Reads it from the disk, which needs that it is not in the cache; whether it is there then.
    bool is_kept(const std::string& key, const ReadMode& mode = {}) {
        TableGet got;
        REQUIRE(get(*table, key, kMaxSeqno, got, mode).is_ok());
        REQUIRE(got.found);
        REQUIRE(got.disk_reads == 1);
        got = {};
        ReadMode peek;
        peek.cache_only = true;
        return get(*table, key, kMaxSeqno, got, peek).is_ok();
    }
    void fill_anew() {
        for (uint64_t i = 0; i < 100; ++i) cache.insert(9, i, BlockRef::allocate(4096));
    }

    Random random{1};
    EntryList entries;
    std::shared_ptr<TableReader> table;
};

}  // namespace

TEST_CASE("kept blocks: a full cache keeps a block when it is read again") {
    for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
        FullCache f(codec);
        f.fill_anew();
        for (const std::string key : {"key000000", "key000150", "key003999"}) {
            CAPTURE(codec_name(codec), key);
            CHECK_FALSE(f.is_kept(key));
            CHECK(f.is_kept(key));
        }
        f.read_all();
    }
}

TEST_CASE("kept blocks: a full cache keeps at once what the reader is going to ask for again") {
    for (const Codec codec : {Codec::kNone, Codec::kLz4}) {
        FullCache f(codec);
        f.fill_anew();
        ReadMode mode;
        mode.keep_all = true;
        CHECK(f.is_kept("key000000", mode));
        CHECK(f.is_kept("key003999", mode));
    }
}

TEST_CASE("kept blocks: reads that only look into the cache are no first time") {
    FullCache f(Codec::kNone);
    f.fill_anew();
    ReadMode peek;
    peek.cache_only = true;
    for (int i = 0; i < 5; ++i) {
        TableGet got;
        CHECK(get(*f.table, "key000000", kMaxSeqno, got, peek).is(Code::kWouldBlock));
    }
    CHECK_FALSE(f.is_kept("key000000"));
}

TEST_CASE("kept blocks: blocks that are not kept stay in place while they are referred to") {
    for (const Codec codec : {Codec::kNone, Codec::kLz4}) {
        FullCache f(codec);
        f.fill_anew();
        std::vector<TableGet> found(f.entries.size());
        for (size_t i = 0; i < f.entries.size(); i += 97)
            REQUIRE(get(*f.table, user_key_of(f.entries[i].first), kMaxSeqno, found[i]).is_ok());
        for (size_t i = 0; i < f.entries.size(); i += 97)
            CHECK(found[i].value == f.entries[i].second);
    }
}

TEST_CASE("kept blocks: walks over a table larger than its cache show every entry") {
    for (const Codec codec : {Codec::kNone, Codec::kLz4}) {
        FullCache f(codec);
        const auto it = f.table->new_iterator();
        size_t i = 0;
        for (it->seek_to_first(); it->valid(); it->next(), ++i) {
            REQUIRE(it->key() == f.entries[i].first);
            REQUIRE(it->value() == f.entries[i].second);
        }
        CHECK(i == f.entries.size());
        for (it->seek_to_last(); it->valid(); it->prev())
            REQUIRE(it->key() == f.entries[--i].first);
        CHECK(i == 0);
    }
}

TEST_CASE("kept blocks: a walk through the cache asks it once for each block, either way") {
    TableFixture f;
    const EntryList entries = numbered_entries(4000, 40);
    f.build(entries);
    const auto table = f.open();
    for (const auto& entry : entries)
        require_get(*table, entries, user_key_of(entry.first), kMaxSeqno);
    const bool reverse = GENERATE(false, true);
    CAPTURE(reverse);
    BlockCounts counts;
    ReadMode mode{false, true, 64 << 10};
    mode.counts = &counts;
    const BlockCache::Stats before = f.cache.stats();
    require_whole_walk(*table->new_iterator(mode), entries, reverse);
    CHECK(counts.from_disk == 0);
    CHECK(counts.cached == table->properties().data_blocks);
    CHECK(f.cache.stats().hits - before.hits == table->properties().data_blocks);
    CHECK(f.cache.stats().misses == before.misses);
}

TEST_CASE("kept blocks: walks that turn, seek and leave the cache show what is there") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 10; ++round) {
        TableFixture f;
        TableOptions options;
        options.block_size_bytes = 300;
        const EntryList entries = random_entries(random, 1000, 60);
        f.build(entries, options);
        const auto table = f.open();
        // Runs of blocks that are in the cache beside runs that are not.
        for (size_t i = 0; i < entries.size(); ++i)
            if (i / 100 % 2 == 0)
                require_get(*table, entries, user_key_of(entries[i].first), kMaxSeqno);
        walk_randomly(*table->new_iterator({false, false, 4000}), entries, random, 3000);
    }
}
