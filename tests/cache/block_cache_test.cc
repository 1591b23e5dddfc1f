// The block cache: what it keeps, what it lets go, what a reference holds on to.
// SPDX-License-Identifier: Apache-2.0
#include "cache/block_cache.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>
#include <vector>

#include "base/random.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

constexpr size_t kBlockBytes = 4000;

/// A block whose bytes tell where it belongs.
BlockRef make_block(uint64_t file, uint64_t offset, size_t size = kBlockBytes) {
    BlockRef block = BlockRef::allocate(size);
    std::memset(block.mutable_data(), static_cast<int>((file * 31 + offset) & 0xFF), size);
    return block;
}
bool is_block(const BlockRef& block, uint64_t file, uint64_t offset) {
    return block && block.bytes() == make_block(file, offset, block.bytes().size()).bytes();
}

}  // namespace

TEST_CASE("block cache: gives back what was put in, by file and offset") {
    BlockCache cache(1 << 20);
    CHECK_FALSE(cache.lookup(1, 0));
    cache.insert(1, 0, make_block(1, 0));
    cache.insert(1, 4096, make_block(1, 4096));
    cache.insert(2, 0, make_block(2, 0));
    CHECK(is_block(cache.lookup(1, 0), 1, 0));
    CHECK(is_block(cache.lookup(1, 4096), 1, 4096));
    CHECK(is_block(cache.lookup(2, 0), 2, 0));
    CHECK_FALSE(cache.lookup(2, 4096));
    const BlockCache::Stats stats = cache.stats();
    CHECK(stats.hits == 3);
    CHECK(stats.misses == 2);
    CHECK(stats.blocks == 3);
    CHECK(stats.bytes == 3 * make_block(1, 0).charge_bytes());
}

TEST_CASE("block cache: the first of two insertions wins") {
    BlockCache cache(1 << 20);
    const BlockRef first = cache.insert(1, 0, make_block(1, 0));
    const BlockRef second = cache.insert(1, 0, make_block(1, 0));
    CHECK(first.bytes().data() == second.bytes().data());
    CHECK(cache.stats().blocks == 1);
}

TEST_CASE("block cache: never holds more than its capacity") {
    for (const uint64_t capacity : std::initializer_list<uint64_t>{0, 3000, 100'000, 5'000'000}) {
        BlockCache cache(capacity);
        for (uint64_t i = 0; i < 2000; ++i) {
            const BlockRef block = cache.insert(i % 7, i * 4096, make_block(i % 7, i * 4096));
            REQUIRE(is_block(block, i % 7, i * 4096));
            REQUIRE(cache.stats().bytes <= capacity);
        }
        CHECK(cache.stats().bytes >= (capacity < 10'000 ? 0 : capacity / 2));
    }
}

TEST_CASE("block cache: a reference outlives eviction, erasure and the cache") {
    BlockRef kept;
    {
        BlockCache cache(20'000);
        kept = cache.insert(1, 0, make_block(1, 0));
        for (uint64_t i = 1; i < 100; ++i) cache.insert(1, i, make_block(1, i));
        CHECK_FALSE(cache.lookup(1, 0));
        cache.erase_file(1);
    }
    CHECK(is_block(kept, 1, 0));
    BlockRef copy = kept;
    kept.reset();
    CHECK(is_block(copy, 1, 0));
    copy = BlockRef();
    CHECK_FALSE(copy);
}

TEST_CASE("block cache: erases one file and nothing else") {
    BlockCache cache(8 << 20);
    for (uint64_t i = 0; i < 600; ++i) cache.insert(i % 3, i, make_block(i % 3, i));
    cache.erase_file(1);
    for (uint64_t i = 0; i < 600; ++i)
        REQUIRE(static_cast<bool>(cache.lookup(i % 3, i)) == (i % 3 != 1));
    CHECK(cache.stats().blocks == 400);
}

TEST_CASE("block cache: a scan does not flush what is read again and again") {
    BlockCache cache(100 * make_block(0, 0).charge_bytes());
    for (uint64_t i = 0; i < 50; ++i) cache.insert(1, i, make_block(1, i));
    for (uint64_t i = 0; i < 5000; ++i) {
        cache.insert(2, i, make_block(2, i), BlockCache::Use::kScan);
        cache.lookup(1, i % 50);
    }
    uint64_t kept = 0;
    for (uint64_t i = 0; i < 50; ++i) kept += cache.lookup(1, i) ? 1 : 0;
    CHECK(kept == 50);
}

TEST_CASE("block cache: many threads at once get only right blocks") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    BlockCache cache(300'000);
    std::atomic<int> mistakes{0};
    const auto work = [&](uint64_t thread) {
        Random random(seed + thread);
        for (int i = 0; i < 4000; ++i) {
            const uint64_t file = random.below(4), offset = random.below(60);
            BlockRef block = cache.lookup(file, offset);
            if (!block) block = cache.insert(file, offset, make_block(file, offset));
            if (!is_block(block, file, offset)) ++mistakes;
            if (random.below(500) == 0) cache.erase_file(file);
        }
    };
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (std::thread& thread : threads) thread.join();
    CHECK(mistakes == 0);
    CHECK(cache.stats().bytes <= 300'000);
}
