// The receive buffer: keeps bytes in order, and its size follows what arrives.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/receive_buffer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <string>

namespace kv::protocol {
namespace {

void put(ReceiveBuffer& buffer, Bytes bytes, size_t needed_bytes = 0) {
    while (!bytes.empty()) {
        const auto room = buffer.writable(needed_bytes);
        REQUIRE_FALSE(room.empty());
        const size_t size = std::min(room.size(), bytes.size());
        std::copy_n(bytes.data(), size, room.data());
        buffer.commit(size);
        bytes.remove_prefix(size);
    }
}

}  // namespace

TEST_CASE("receive buffer: what was put in comes out in order") {
    const char* text = std::getenv("KV_TEST_SEED");
    const uint64_t seed =
        text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    ReceiveBuffer buffer(1 + random() % 64);
    std::string expected;
    for (int round = 0; round < 5'000; ++round) {
        std::string piece(random() % 50, '\0');
        for (char& c : piece) c = static_cast<char>(random());
        put(buffer, piece, random() % 3 == 0 ? expected.size() + 500 : 0);
        expected += piece;
        REQUIRE(buffer.unread() == expected);
        const size_t drop = random() % (expected.size() + 1);
        buffer.consume(drop);
        expected.erase(0, drop);
        REQUIRE(buffer.unread() == expected);
    }
}

TEST_CASE("receive buffer: an announced size costs nothing until its bytes arrive") {
    ReceiveBuffer buffer(1024);
    put(buffer, std::string(100, 'x'));
    (void)buffer.writable(64U << 20);
    CHECK(buffer.capacity() == 1024);
    put(buffer, std::string(5'000, 'y'), 64U << 20);
    CHECK(buffer.capacity() >= 5'100);
    CHECK(buffer.capacity() <= 2 * 5'100);
}

TEST_CASE("receive buffer: grows in few steps although each asks for little") {
    for (const size_t ahead : {0, 1, 100}) {
        ReceiveBuffer buffer(1024);
        size_t steps = 0;
        while (buffer.unread().size() < (1U << 20)) {
            const size_t before = buffer.capacity();
            put(buffer, std::string(50, 'x'), ahead == 0 ? 0 : buffer.unread().size() + ahead);
            if (buffer.capacity() != before) ++steps;
        }
        CHECK(steps < 80);
        CHECK(buffer.capacity() <= 2 * buffer.unread().size());
    }
}

TEST_CASE("receive buffer: shrinks back once a large frame is gone") {
    ReceiveBuffer buffer(1024);
    put(buffer, std::string(100'000, 'z'), 100'000);
    CHECK(buffer.capacity() >= 100'000);
    buffer.consume(99'990);
    CHECK(buffer.unread() == "zzzzzzzzzz");
    (void)buffer.writable(32);
    CHECK(buffer.capacity() == 1024);
    CHECK(buffer.unread() == "zzzzzzzzzz");
}

TEST_CASE("receive buffer: makes room by moving before it grows") {
    ReceiveBuffer buffer(16);
    for (int round = 0; round < 100; ++round) {
        put(buffer, "0123456789");
        buffer.consume(10);
    }
    put(buffer, "0123456789");
    buffer.consume(5);
    put(buffer, "abcdefghij");
    CHECK(buffer.capacity() == 16);
    CHECK(buffer.unread() == "56789abcdefghij");
}

}  // namespace kv::protocol
