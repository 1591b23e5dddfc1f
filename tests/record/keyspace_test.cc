// Keys of keyspaces: order, bounds, and the way there and back.
// SPDX-License-Identifier: Apache-2.0
#include "kv/keyspace.h"

#include <catch2/catch.hpp>
#include <vector>

#include "record/doc_hex.h"
#include "support/seed.h"

namespace kv {
namespace {

const Keyspace kDefault;

std::string stored(const Keyspace& space, Bytes key) {
    std::string scratch;
    return std::string(space.stored(key, scratch));
}

std::string back(const Keyspace& space, Bytes stored_key) {
    std::string scratch;
    return std::string(space.user_key(stored_key, scratch));
}

/// Short, and rich in the bytes that the format gives a meaning.
std::string random_key(Random& random) {
    std::string key;
    for (size_t length = random.below(7); key.size() < length;) {
        const char special[] = {'\xFF', '\x00', '\x01', '\x02', '\xFE', 'a'};
        key += random.one_in(4) ? static_cast<char>(random.next() >> 56)
                                : special[random.below(sizeof special)];
    }
    return key;
}

Keyspace random_space(Random& random) {
    const uint32_t ids[] = {0, 0, 1, 2, 15, 16, 255, 256, 0xFF00, 0x01000000, UINT32_MAX};
    return Keyspace(ids[random.below(std::size(ids))]);
}

}  // namespace

TEST_CASE("keyspace: a default key that does not begin with FF is stored without a copy") {
    std::string scratch;
    for (const Bytes key : {Bytes("user:1"), Bytes("\xFE\xFF"), Bytes("\x00\xFF", 2), Bytes()}) {
        CHECK(kDefault.stored(key, scratch).data() == key.data());
        CHECK(kDefault.stored(key, scratch).size() == key.size());
        CHECK(kDefault.user_key(key, scratch).data() == key.data());
        CHECK(kDefault.extra_bytes(key) == 0);
    }
    CHECK(scratch.empty());
}

TEST_CASE("keyspace: keys are stored as the document shows") {
    CHECK(stored(kDefault, "\xFF\x41") == test::doc_bytes("keyspaces.md", "default key FF 41"));
    CHECK(stored(Keyspace(258), "user") ==
          test::doc_bytes("keyspaces.md", "keyspace 258 key user"));
    CHECK(stored(kDefault, "\xFF") == std::string("\xFF\x00", 2));
    CHECK(stored(Keyspace(1), "") == Keyspace(1).first());
}

TEST_CASE("keyspace: bounds follow each other, and the catalog comes last") {
    CHECK(kDefault.first().empty());
    CHECK(kDefault.end() == "\xFF\x01");
    CHECK(Keyspace(1).first() == std::string("\xFF\x01\x00\x00\x00\x01", 6));
    CHECK(kDefault.end() < Keyspace(1).first());
    for (const uint32_t id : {1U, 15U, 255U, 65'535U, 0xFFFFFFU, UINT32_MAX - 1}) {
        CHECK(Keyspace(id).end() == Keyspace(id + 1).first());
        CHECK(Keyspace(id).first() < Keyspace(id).end());
    }
    CHECK(Keyspace(UINT32_MAX).first() < Keyspace(UINT32_MAX).end());
    CHECK(Keyspace(UINT32_MAX).end() == Keyspace::kCatalogPrefix);
}

TEST_CASE("keyspace: the key of any length and bytes comes back") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int i = 0; i < 20'000; ++i) {
        const Keyspace space = random_space(random);
        const std::string key = random.one_in(100)
                                    ? test::random_bytes(random, random.below(70'000))
                                    : random_key(random);
        const std::string at = stored(space, key);
        REQUIRE(at.size() == key.size() + space.extra_bytes(key));
        REQUIRE(space.extra_bytes(key) <= Keyspace::kMaxPrefixBytes);
        REQUIRE(back(space, at) == key);
    }
}

TEST_CASE("keyspace: stored keys are ordered as keyspaces, then as keys") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int i = 0; i < 50'000; ++i) {
        const Keyspace a = random_space(random);
        const Keyspace b = random.one_in(3) ? random_space(random) : a;
        const std::string x = random_key(random);
        const std::string y = random_key(random);
        CAPTURE(a.id(), b.id(), escape_bytes(x), escape_bytes(y));
        const bool before = a.id() != b.id() ? a.id() < b.id() : x < y;
        REQUIRE((stored(a, x) < stored(b, y)) == before);
        REQUIRE((stored(a, x) == stored(b, y)) == (a == b && x == y));
    }
}

TEST_CASE("keyspace: a key lies inside its own bounds and outside of all others") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int i = 0; i < 50'000; ++i) {
        const Keyspace a = random_space(random);
        const Keyspace b = random_space(random);
        const std::string key = stored(a, random_key(random));
        CAPTURE(a.id(), b.id(), escape_bytes(key));
        REQUIRE((key >= b.first() && key < b.end()) == (a == b));
        REQUIRE(key < Keyspace::kCatalogPrefix);
    }
}

TEST_CASE("keyspace: a prefix of keys is a prefix of stored keys") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int i = 0; i < 50'000; ++i) {
        const Keyspace space = random_space(random);
        const std::string key = random_key(random);
        std::string prefix =
            random.one_in(2) ? random_key(random) : key.substr(0, random.below(key.size() + 1));
        if (prefix.empty()) continue;  // bounded by first() and end() instead
        CAPTURE(space.id(), escape_bytes(key), escape_bytes(prefix));
        const bool wanted = key.starts_with(prefix);
        REQUIRE(stored(space, key).starts_with(stored(space, prefix)) == wanted);
    }
}

}  // namespace kv
