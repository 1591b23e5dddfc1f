// Parts of a table that stay with its reader.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/held_parts.h"

#include "base/hash.h"
#include "sstable/table_fixture.h"

using namespace kv;
using namespace kv::test;

namespace {

constexpr size_t kParts = 16;
constexpr size_t kPartBytes = 4000;

BlockRef cached_part(BlockCache& cache, size_t part) {
    BlockRef block = BlockRef::allocate(kPartBytes);
    std::fill_n(block.mutable_data(), kPartBytes, static_cast<char>('a' + part));
    return cache.insert(1, part * 10'000, std::move(block), BlockCache::Use::kIndex);
}

size_t hold_all(HeldParts& parts, BlockCache& cache) {
    size_t held = 0;
    for (size_t part = 0; part < kParts; ++part) {
        parts.hold(part, cached_part(cache, part));
        held += parts.find(part) ? 1 : 0;
    }
    return held;
}

}  // namespace

TEST_CASE("held parts: a quarter of the cache is held, and given back with the reader") {
    BlockCache cache(1U << 20);
    CHECK(cache.grant_hold((256U << 10) - 7 * (kPartBytes + 100)));
    for (int reader = 0; reader < 3; ++reader) {
        HeldParts parts;
        parts.open(&cache, kParts);
        CHECK_FALSE(parts.find(0));
        CHECK(hold_all(parts, cache) == 7);
        CHECK(parts.find(3).bytes() == std::string(kPartBytes, 'd'));
    }
    CHECK(cache.pinned_bytes() == 0);
}

TEST_CASE("held parts: what is held outlives eviction and the erasing of its file") {
    BlockCache cache(1U << 20);
    HeldParts parts;
    parts.open(&cache, kParts);
    REQUIRE(hold_all(parts, cache) == kParts);
    for (uint64_t i = 0; i < 1000; ++i) {
        BlockRef block = BlockRef::allocate(kPartBytes);
        std::fill_n(block.mutable_data(), kPartBytes, 'z');
        (void)cache.insert(2, i * 10'000, std::move(block));
    }
    cache.erase_file(1);
    for (size_t part = 0; part < kParts; ++part)
        CHECK(parts.find(part).bytes() == std::string(kPartBytes, static_cast<char>('a' + part)));
}

TEST_CASE("held parts: a table asks the cache for its data blocks alone once its parts are held") {
    TableFixture f;
    const EntryList entries = numbered_entries(2000);
    TableOptions options;
    options.block_size_bytes = 200;
    options.partition_threshold_bytes = 512;
    f.build(entries, options);
    const auto table = f.open();
    REQUIRE(table->index().is_partitioned());
    REQUIRE(table->filter().is_partitioned());
    const auto blocks_asked = [&] {
        TableGet got;
        for (const auto& entry : entries) {
            const Bytes key = user_key_of(entry.first);
            REQUIRE(table->get(key, hash64(key), kMaxSeqno, {}, got).to_string() == "ok");
            REQUIRE(got.found);
        }
        return got.cache_hits + got.disk_reads;
    };
    const auto lookups = [&] { return f.cache.stats().hits + f.cache.stats().misses; };
    const uint64_t first_blocks = blocks_asked();
    CHECK(lookups() > first_blocks);
    const uint64_t before = lookups();
    const uint64_t blocks = blocks_asked();
    CHECK(lookups() - before == blocks);
}
