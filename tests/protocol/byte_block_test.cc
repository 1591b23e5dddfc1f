// The byte block, and the receive buffer that fills one: bytes stay in order, and memory follows
// them.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/byte_block.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "protocol/receive_buffer.h"

namespace kv::protocol {
namespace {

std::string pattern(size_t size) {
    std::string out(size, '\0');
    for (size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 >> 3);
    return out;
}

template <class Target>
void put(Target& target, Bytes bytes) {
    while (!bytes.empty()) {
        const auto room = target.writable();
        const size_t size = std::min({room.size(), bytes.size(), size_t{50'000}});
        std::copy_n(bytes.data(), size, room.data());
        target.commit(size);
        bytes.remove_prefix(size);
    }
}

}  // namespace

TEST_CASE("byte block: holds what was put in, whatever its size") {
    for (const size_t size : {size_t{1}, ByteBlock::kFirstBytes - 1, ByteBlock::kFirstBytes,
                              ByteBlock::kFirstBytes + 1, 5 * ByteBlock::kFirstBytes}) {
        const std::string bytes = pattern(size);
        ByteBlock block(size);
        put(block, Bytes(bytes).substr(0, size - 1));
        CHECK_FALSE(block.is_whole());
        put(block, Bytes(bytes).substr(size - 1));
        CHECK(block.is_whole());
        CHECK(block.bytes() == bytes);
    }
}

TEST_CASE("byte block: the room is at most twice what has arrived, beyond the first") {
    ByteBlock block(64U << 20);
    CHECK(block.writable().size() == ByteBlock::kFirstBytes);
    put(block, pattern(ByteBlock::kFirstBytes));
    CHECK(block.writable().size() == ByteBlock::kFirstBytes);
    ByteBlock small(100);
    CHECK(small.writable().size() == 100);
}

TEST_CASE("receive buffer: a block takes what is unread, what comes, and no more") {
    const std::string bytes = pattern(3 * ByteBlock::kFirstBytes);
    for (const size_t early : {size_t{0}, size_t{1}, size_t{2'000'000}}) {
        ReceiveBuffer buffer(1024);
        put(buffer, "head" + bytes.substr(0, early));
        buffer.consume(4);
        buffer.begin_block(bytes.size());
        CHECK(buffer.has_block());
        CHECK(buffer.unread().empty());
        put(buffer, Bytes(bytes).substr(early));
        REQUIRE(buffer.block().is_whole());
        CHECK(buffer.take_block().bytes() == bytes);
        CHECK_FALSE(buffer.has_block());
        put(buffer, "behind");
        CHECK(buffer.unread() == "behind");
    }
}

TEST_CASE("receive buffer: a block that has begun can be dropped") {
    ReceiveBuffer buffer(1024);
    put(buffer, "abc");
    buffer.begin_block(100);
    buffer.clear();
    CHECK_FALSE(buffer.has_block());
    put(buffer, "next");
    CHECK(buffer.unread() == "next");
}

}  // namespace kv::protocol
