// The block cache: what it keeps, what it lets go, what a reference holds on to.
// SPDX-License-Identifier: Apache-2.0
#include "cache/block_cache.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>
#include <utility>
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

TEST_CASE("block cache: what is referred to is neither evicted nor freed, and stays counted") {
    BlockCache cache(20'000);
    BlockRef kept = cache.insert(1, 0, make_block(1, 0));
    CHECK(cache.pinned_bytes() == kept.charge_bytes());
    for (uint64_t i = 1; i < 100; ++i) cache.insert(1, i, make_block(1, i));
    CHECK(is_block(cache.lookup(1, 0), 1, 0));
    CHECK(cache.stats().evictions > 90);

    cache.erase_file(1);
    CHECK_FALSE(cache.lookup(1, 0));
    CHECK(is_block(kept, 1, 0));
    CHECK(cache.stats().blocks == 1);
    CHECK(cache.stats().bytes == kept.charge_bytes());
    BlockRef copy = kept;
    kept.reset();
    CHECK(is_block(copy, 1, 0));
    copy = BlockRef();
    CHECK_FALSE(copy);
    CHECK(cache.stats().bytes == 0);
    CHECK(cache.pinned_bytes() == 0);
}

TEST_CASE("block cache: a block that is not kept lives as long as its references") {
    BlockRef kept;
    {
        BlockCache cache(0);
        kept = cache.insert(1, 0, make_block(1, 0));
        CHECK_FALSE(cache.lookup(1, 0));
    }
    const BlockRef copy = kept;
    kept.reset();
    CHECK(is_block(copy, 1, 0));
}

TEST_CASE("block cache: gives up keeping new blocks when all of it is held") {
    BlockCache cache(10 * make_block(0, 0).charge_bytes());
    std::vector<BlockRef> held;
    for (uint64_t i = 0; i < 10; ++i) held.push_back(cache.insert(1, i, make_block(1, i)));
    const BlockRef extra = cache.insert(1, 10, make_block(1, 10));
    CHECK(is_block(extra, 1, 10));
    CHECK_FALSE(cache.lookup(1, 10));
    CHECK(cache.stats().bytes == cache.capacity_bytes());
    held.pop_back();
    cache.insert(1, 11, make_block(1, 11));
    CHECK(is_block(cache.lookup(1, 11), 1, 11));
    CHECK_FALSE(cache.lookup(1, 9));
}

TEST_CASE("block cache: its capacity can be changed while it is used") {
    BlockCache cache(8 << 20);
    for (uint64_t i = 0; i < 3000; ++i) cache.insert(1, i, make_block(1, i));
    BlockRef held = cache.lookup(1, 2999);
    REQUIRE(held);
    const uint64_t full = cache.stats().bytes;
    CHECK(full > 7 << 20);
    cache.set_capacity(1 << 20);
    CHECK(cache.capacity_bytes() == 1 << 20);
    CHECK(cache.stats().bytes <= 1 << 20);
    CHECK(is_block(cache.lookup(1, 2999), 1, 2999));
    held.reset();
    cache.set_capacity(0);
    CHECK(cache.stats().bytes == 0);
    cache.set_capacity(8 << 20);
    for (uint64_t i = 0; i < 3000; ++i) cache.insert(1, i, make_block(1, i));
    CHECK(cache.stats().bytes == full);
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

TEST_CASE("block cache: a scan leaves alone even what was read once before it") {
    BlockCache cache(100 * make_block(0, 0).charge_bytes());
    for (uint64_t i = 0; i < 80; ++i) cache.insert(1, i, make_block(1, i));
    for (uint64_t i = 0; i < 5000; ++i) {
        cache.insert(2, i, make_block(2, i), BlockCache::Use::kScan);
        CHECK(cache.lookup(2, i, BlockCache::Use::kScan));
    }
    uint64_t kept = 0;
    for (uint64_t i = 0; i < 80; ++i) kept += cache.lookup(1, i) ? 1 : 0;
    CHECK(kept == 80);
    // What a scan brought in and a point read then used stays as well.
    cache.lookup(2, 4999);
    for (uint64_t i = 0; i < 5000; ++i)
        cache.insert(3, i, make_block(3, i), BlockCache::Use::kScan);
    CHECK(cache.lookup(2, 4999));
}

TEST_CASE("block cache: parts of an index outlast busy blocks") {
    BlockCache cache(100 * make_block(0, 0).charge_bytes());
    for (uint64_t i = 0; i < 20; ++i) cache.insert(1, i, make_block(1, i), BlockCache::Use::kIndex);
    for (uint64_t i = 0; i < 200; ++i) {
        cache.insert(2, i, make_block(2, i));
        for (int visit = 0; visit < 3; ++visit) cache.lookup(2, i);
    }
    uint64_t kept = 0;
    for (uint64_t i = 0; i < 20; ++i) kept += cache.lookup(1, i) ? 1 : 0;
    CHECK(kept == 20);
}

TEST_CASE("block cache: finds every block worth keeping while there is room") {
    BlockCache cache(100 * make_block(0, 0).charge_bytes());
    for (uint64_t i = 0; i < 100; ++i) {
        REQUIRE(cache.is_worth_keeping(1, i, BlockCache::Use::kPoint));
        REQUIRE(cache.is_worth_keeping(1, i, BlockCache::Use::kScan));
        cache.insert(1, i, make_block(1, i));
    }
    CHECK(cache.stats().blocks == 100);
}

TEST_CASE(
    "block cache: once full, finds worth keeping what is missed again and parts of an index") {
    BlockCache cache(100 * make_block(0, 0).charge_bytes());
    for (uint64_t i = 0; i < 101; ++i) cache.insert(1, i, make_block(1, i));
    CHECK_FALSE(cache.is_worth_keeping(2, 7, BlockCache::Use::kPoint));
    CHECK_FALSE(cache.is_worth_keeping(2, 8, BlockCache::Use::kScan));
    CHECK(cache.is_worth_keeping(2, 7, BlockCache::Use::kPoint));
    CHECK(cache.is_worth_keeping(2, 8, BlockCache::Use::kScan));
    CHECK(cache.is_worth_keeping(2, 9, BlockCache::Use::kIndex));
    // Long ago is forgotten.
    CHECK_FALSE(cache.is_worth_keeping(2, 7, BlockCache::Use::kPoint));
    for (uint64_t i = 0; i < 10'000; ++i) cache.is_worth_keeping(3, i, BlockCache::Use::kPoint);
    CHECK_FALSE(cache.is_worth_keeping(2, 7, BlockCache::Use::kPoint));
}

TEST_CASE("block cache: has room again after an erased file and a larger budget") {
    BlockCache cache(100 * make_block(0, 0).charge_bytes());
    for (uint64_t i = 0; i < 101; ++i) cache.insert(i % 2, i, make_block(i % 2, i));
    REQUIRE_FALSE(cache.is_worth_keeping(2, 0, BlockCache::Use::kPoint));
    cache.erase_file(1);
    CHECK(cache.is_worth_keeping(2, 1, BlockCache::Use::kPoint));
    for (uint64_t i = 0; i < 101; ++i) cache.insert(3, i, make_block(3, i));
    REQUIRE_FALSE(cache.is_worth_keeping(2, 2, BlockCache::Use::kPoint));
    cache.set_capacity(200 * make_block(0, 0).charge_bytes());
    CHECK(cache.is_worth_keeping(2, 3, BlockCache::Use::kPoint));
}

TEST_CASE("block cache: many threads at once get only right blocks and lose no reference") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    BlockCache cache(400'000);
    std::atomic<int> mistakes{0};
    const auto work = [&](uint64_t thread) {
        Random random(seed + thread);
        std::vector<std::pair<uint64_t, BlockRef>> held;  // place and block, for a while
        for (int i = 0; i < 20'000; ++i) {
            const uint64_t file = random.below(4), offset = random.below(60);
            const auto use = random.below(3) == 0   ? BlockCache::Use::kScan
                             : random.below(8) == 0 ? BlockCache::Use::kIndex
                                                    : BlockCache::Use::kPoint;
            BlockRef block = cache.lookup(file, offset, use);
            if (!block) block = cache.insert(file, offset, make_block(file, offset), use);
            if (!is_block(block, file, offset)) ++mistakes;
            if (random.below(4) == 0) held.emplace_back(file * 100 + offset, std::move(block));
            if (held.size() > 20) {
                const size_t which = random.below(held.size());
                const auto& [place, kept] = held[which];
                if (!is_block(kept, place / 100, place % 100)) ++mistakes;
                held.erase(held.begin() + static_cast<ptrdiff_t>(which));
            }
            if (random.below(500) == 0) cache.erase_file(file);
            if (thread == 0 && i % 1000 == 0) cache.set_capacity(i % 2000 == 0 ? 100'000 : 400'000);
        }
        for (const auto& [place, kept] : held)
            if (!is_block(kept, place / 100, place % 100)) ++mistakes;
    };
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (std::thread& thread : threads) thread.join();
    CHECK(mistakes == 0);
    CHECK(cache.pinned_bytes() == 0);
    cache.set_capacity(100'000);
    CHECK(cache.stats().bytes <= 100'000);
    for (uint64_t file = 0; file < 4; ++file) cache.erase_file(file);
    CHECK(cache.stats().bytes == 0);
    CHECK(cache.stats().blocks == 0);
}
