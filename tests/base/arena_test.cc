// Arenas: small at first, large blocks from a pool that outlives them.
// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>

using kv::Arena;
using kv::BlockPool;

TEST_CASE("arena: ten small pieces take one small block") {
    Arena arena(std::make_shared<BlockPool>(0));
    CHECK(arena.memory_bytes() == 0);
    for (int i = 0; i < 10; ++i) arena.allocate(100);
    CHECK(arena.memory_bytes() < 5000);
}

TEST_CASE("arena: pieces are aligned, apart from one another, and keep what is written to them") {
    for (const bool pooled : {false, true}) {
        Arena arena(pooled ? std::make_shared<BlockPool>(0) : nullptr);
        std::vector<std::pair<char*, size_t>> pieces;
        size_t total = 0;
        for (size_t i = 0; total < 3 * BlockPool::kBlockBytes; ++i) {
            const size_t size = i % 1000 == 999 ? 700'000 : 1 + i * 7 % 300;
            char* piece = arena.allocate(size);
            REQUIRE(reinterpret_cast<uintptr_t>(piece) % 8 == 0);
            std::memset(piece, static_cast<int>(i % 251), size);
            pieces.emplace_back(piece, size);
            total += size;
        }
        for (size_t i = 0; i < pieces.size(); ++i) {
            const auto [piece, size] = pieces[i];
            REQUIRE(piece[0] == static_cast<char>(i % 251));
            REQUIRE(piece[size - 1] == static_cast<char>(i % 251));
        }
        CHECK(arena.memory_bytes() >= total);
        CHECK(arena.memory_bytes() < total + total / 4 + 2 * BlockPool::kBlockBytes);
    }
}

TEST_CASE("block pool: keeps as many blocks as it may, and gives them out again") {
    const auto pool = std::make_shared<BlockPool>(2 * BlockPool::kBlockBytes);
    CHECK(pool->spare_bytes() == 0);
    {
        Arena arena(pool);
        while (arena.memory_bytes() < 5 * BlockPool::kBlockBytes) arena.allocate(1000);
        CHECK(pool->spare_bytes() == 0);
        CHECK(pool->used_bytes() >= 3 * BlockPool::kBlockBytes);
    }
    CHECK(pool->used_bytes() == 0);
    CHECK(pool->spare_bytes() == 2 * BlockPool::kBlockBytes);
    char* block = pool->take();
    CHECK(reinterpret_cast<uintptr_t>(block) % BlockPool::kBlockBytes == 0);
    CHECK(pool->spare_bytes() == BlockPool::kBlockBytes);
    pool->give_back(block);
    CHECK(pool->spare_bytes() == 2 * BlockPool::kBlockBytes);
}

TEST_CASE("block pool: asks once for more when few are left, and has them made elsewhere") {
    BlockPool pool(6 * BlockPool::kBlockBytes);
    int asked = 0;
    pool.on_low([&] { ++asked; });
    std::vector<char*> taken;
    taken.push_back(pool.take());
    taken.push_back(pool.take());
    CHECK(asked == 1);
    pool.refill();
    CHECK(pool.spare_bytes() == BlockPool::kReadyBlocks * BlockPool::kBlockBytes);
    pool.refill();
    CHECK(pool.spare_bytes() == BlockPool::kReadyBlocks * BlockPool::kBlockBytes);
    taken.push_back(pool.take());
    CHECK(asked == 2);
    for (char* block : taken) pool.give_back(block);
    CHECK(pool.spare_bytes() == 6 * BlockPool::kBlockBytes);
    pool.on_low(nullptr);
    for (char*& block : taken) block = pool.take();
    CHECK(pool.spare_bytes() == 3 * BlockPool::kBlockBytes);
    CHECK(asked == 2);
    for (char* block : taken) pool.give_back(block);
}

TEST_CASE("block pool: one that may keep fewer has fewer made") {
    BlockPool pool(BlockPool::kBlockBytes);
    pool.on_low([] {});
    char* const block = pool.take();
    pool.refill();
    CHECK(pool.spare_bytes() == BlockPool::kBlockBytes);
    pool.give_back(block);
    CHECK(pool.spare_bytes() == BlockPool::kBlockBytes);
}
