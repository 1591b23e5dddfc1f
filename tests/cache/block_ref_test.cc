// Blocks that stand for themselves, scratch ones too.
// SPDX-License-Identifier: Apache-2.0
#include "cache/block_ref.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cache/block_cache.h"

using namespace kv;

namespace {

BlockRef filled(BlockRef block, char byte) {
    std::memset(block.mutable_data(), byte, block.bytes().size());
    return block;
}
bool is_all(const BlockRef& block, char byte) {
    return block.bytes() == std::string(block.bytes().size(), byte);
}

}  // namespace

TEST_CASE("block ref: scratch blocks that live at once share no byte") {
    for (const size_t size : std::initializer_list<size_t>{0, 1, 4096, 16'368, 16'369, 1'000'000}) {
        std::vector<BlockRef> blocks;
        for (int round = 0; round < 3; ++round) {
            for (char c = 'a'; c <= 'z'; ++c) blocks.push_back(filled(BlockRef::scratch(size), c));
            for (size_t i = 0; i < blocks.size(); ++i) {
                REQUIRE(blocks[i].bytes().size() == size);
                REQUIRE(blocks[i].charge_bytes() >= size);
                REQUIRE(is_all(blocks[i], static_cast<char>('a' + i)));
            }
            blocks.clear();
        }
    }
}

TEST_CASE("block ref: a copy keeps a scratch block") {
    BlockRef copy;
    {
        const BlockRef block = filled(BlockRef::scratch(4000), 'x');
        copy = block;
    }
    const BlockRef other = filled(BlockRef::scratch(4000), 'y');
    CHECK(is_all(copy, 'x'));
    CHECK(is_all(other, 'y'));
}

TEST_CASE("block ref: a scratch block may be let go by any thread, and outlive its own") {
    BlockRef block;
    std::thread([&] {
        BlockRef::scratch(100).reset();
        block = filled(BlockRef::scratch(4000), 'x');
    }).join();
    CHECK(is_all(block, 'x'));
    std::thread([block = std::move(block)]() mutable { block.reset(); }).join();
}

TEST_CASE("block ref: a scratch block that is kept counts with all of its memory") {
    BlockCache cache(1 << 20);
    const BlockRef kept = cache.insert(1, 0, filled(BlockRef::scratch(4000), 'x'));
    CHECK(is_all(kept, 'x'));
    CHECK(cache.stats().bytes == kept.charge_bytes());
    CHECK(is_all(cache.lookup(1, 0), 'x'));
}
