// The row cache: when it keeps rows, which it gives back, and that nobody sees half of one.
// SPDX-License-Identifier: Apache-2.0
#include "cache/row_cache.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

constexpr uint64_t kCapacity = 1U << 20;
constexpr uint64_t kContent = 7;

std::string key_of(uint64_t i) { return "key" + std::to_string(i); }
std::string value_of(uint64_t i) { return "value of " + std::to_string(i); }

struct RowCacheFixture {
    int memory_calls = 0;
    RowCache cache{kCapacity, [this] { ++memory_calls; }};
    RowCache::Row row;

    bool find(Bytes key, uint64_t content = kContent) {
        return cache.find(key, hash64(key), content, row);
    }
    void keep(Bytes key, Bytes value, uint64_t content = kContent, uint64_t seqno = 1,
              uint64_t expiry_ms = 0) {
        cache.keep(key, hash64(key), content, seqno, expiry_ms, value);
    }
    /// As a store does it: rows first, then whatever the tables say.
    void get(uint64_t i, uint64_t content = kContent) {
        if (!find(key_of(i), content)) keep(key_of(i), value_of(i), content);
    }
    void turn_on() {
        for (int round = 0; round < 50 && !cache.is_on(); ++round) {
            for (uint64_t i = 0; i < 300; ++i) get(i);
        }
        REQUIRE(cache.is_on());
    }
};

}  // namespace

TEST_CASE("row cache: takes no memory and keeps nothing before keys come back") {
    RowCacheFixture f;
    for (uint64_t i = 0; i < 100'000; ++i) f.get(i);
    CHECK_FALSE(f.cache.is_on());
    CHECK(f.cache.memory_bytes() == 0);
    CHECK(f.memory_calls == 0);
    CHECK(f.cache.hits() == 0);
    f.turn_on();
    CHECK(f.cache.memory_bytes() == kCapacity);
    CHECK(f.memory_calls == 1);
}

TEST_CASE("row cache: keys that come back only after the content has changed do not turn it on") {
    RowCacheFixture f;
    for (uint64_t content = 1; content < 300; ++content) {
        for (uint64_t i = 0; i < 300; ++i) f.get(i, content);
    }
    CHECK_FALSE(f.cache.is_on());
}

TEST_CASE("row cache: large values do not turn it on, since they would not fit") {
    RowCacheFixture f;
    const std::string large(RowCache::kMostBytes, 'v');
    for (int i = 0; i < 100'000; ++i) f.keep(key_of(static_cast<uint64_t>(i % 300)), large);
    CHECK_FALSE(f.cache.is_on());
}

TEST_CASE("row cache: gives a row back whole, for its key and its content only") {
    RowCacheFixture f;
    f.turn_on();
    const std::string longest(RowCache::kMostBytes - 1, 'v');
    f.keep("k", longest, kContent, 42, 99);
    REQUIRE(f.find("k"));
    CHECK(f.row.value == longest);
    CHECK(f.row.seqno == 42);
    CHECK(f.row.expiry_ms == 99);
    CHECK_FALSE(f.find("k", kContent + 1));
    CHECK_FALSE(f.find("k", kContent - 1));
    f.keep("empty", "");
    REQUIRE(f.find("empty"));
    CHECK(f.row.value.empty());
    f.keep("k", "another", kContent + 1, 43);
    REQUIRE(f.find("k", kContent + 1));
    CHECK(f.row.value == "another");
    CHECK(f.row.seqno == 43);
    CHECK(f.row.expiry_ms == 0);
}

TEST_CASE("row cache: a key with the hash of another is not taken for it") {
    RowCacheFixture f;
    f.turn_on();
    const uint64_t hash = hash64("one");
    f.cache.keep("one", hash, kContent, 1, 0, "value");
    CHECK(f.cache.find("one", hash, kContent, f.row));
    CHECK_FALSE(f.cache.find("two", hash, kContent, f.row));
    CHECK_FALSE(f.cache.find("onev", hash, kContent, f.row));
    CHECK_FALSE(f.cache.find("on", hash, kContent, f.row));
}

TEST_CASE("row cache: stops when keys no longer come back, and starts again without new memory") {
    RowCacheFixture f;
    f.turn_on();
    for (uint64_t i = 1000; i < 100'000 && f.cache.is_on(); ++i) f.get(i);
    CHECK_FALSE(f.cache.is_on());
    CHECK_FALSE(f.find(key_of(1)));
    f.turn_on();
    CHECK(f.memory_calls == 1);
    CHECK(f.cache.memory_bytes() == kCapacity);
}

TEST_CASE("row cache: most keys that fit are found again") {
    RowCacheFixture f;
    f.turn_on();
    constexpr uint64_t kKeys = kCapacity / 256 / 2;
    for (int round = 0; round < 3; ++round) {
        for (uint64_t i = 0; i < kKeys; ++i) f.get(i);
    }
    const uint64_t before = f.cache.hits();
    for (uint64_t i = 0; i < kKeys; ++i) f.get(i);
    CHECK(f.cache.hits() - before > kKeys * 3 / 4);
}

TEST_CASE("row cache: the least capacity still works") {
    RowCache cache(1, [] {});
    RowCache::Row row;
    for (int i = 0; i < 10'000 && !cache.is_on(); ++i) cache.keep("k", 0, kContent, 1, 0, "v");
    REQUIRE(cache.is_on());
    cache.prefetch(0);
    cache.keep("k", 0, kContent, 1, 0, "v");
    CHECK(cache.find("k", 0, kContent, row));
    CHECK(row.value == "v");
}

TEST_CASE("row cache: under threads a row is whole or not there") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    // Few places, so that rows of different lengths keep replacing each other.
    RowCache cache(4 << 10, [] {});
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            Random random(seed + t);
            RowCache::Row row;
            for (int i = 0; i < 50'000; ++i) {
                const uint64_t n = random.below(24);
                const std::string key = key_of(n);
                const uint64_t hash = hash64(key);
                const uint64_t content = 1 + random.below(2);
                const std::string value(static_cast<size_t>(n * 8), static_cast<char>('a' + n));
                if (cache.find(key, hash, content, row)) {
                    wrong += row.value != value || row.seqno != n + content;
                } else {
                    cache.keep(key, hash, content, n + content, 0, value);
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(cache.hits() > 0);
}
