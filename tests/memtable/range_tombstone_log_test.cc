// The range deletes of a memtable: memtable/range_tombstone_log.h.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/range_tombstone_log.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "base/random.h"
#include "memtable/memtable.h"
#include "support/seed.h"

using namespace kv;

namespace {

/// Two digits, so that keys sort as their numbers do.
std::string key_of(uint64_t number) {
    return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

}  // namespace

TEST_CASE("range tombstone log: empty covers nothing and has no set") {
    const RangeTombstoneLog log;
    CHECK(log.empty());
    CHECK(log.covering("k", kMaxSeqno) == 0);
    CHECK(log.all() == nullptr);
}

TEST_CASE("range tombstone log: answers equal those of asking every delete, however many") {
    const uint64_t seed = test::test_seed();
    INFO("KV_TEST_SEED=" << seed);
    Random random(seed);
    RangeTombstoneLog log;
    std::vector<RangeTombstone> added;
    for (Seqno seqno = 1; seqno <= 400; ++seqno) {
        const uint64_t begin = random.below(98);
        const uint64_t end = begin + 1 + random.below(99 - begin);
        added.push_back({key_of(begin), key_of(end), seqno});
        log.add(added.back().begin, added.back().end, seqno);
        for (int i = 0; i < 5; ++i) {
            const std::string key = key_of(random.below(100));
            const Seqno read = random.below(seqno + 2);
            Seqno expected = 0;
            for (const RangeTombstone& one : added)
                if (one.begin <= key && key < one.end && one.seqno <= read)
                    expected = std::max(expected, one.seqno);
            REQUIRE(log.covering(key, read) == expected);
        }
    }
    CHECK(log.size() == 400);
    CHECK(log.all()->largest_seqno() == 400);
}

TEST_CASE("range tombstone log: twenty thousand that all overlap take little room") {
    const uint64_t seed = test::test_seed();
    INFO("KV_TEST_SEED=" << seed);
    Random random(seed);
    constexpr Seqno kCount = 20'000;
    const auto key = [](uint64_t number) { return std::to_string(100'000 + number); };
    RangeTombstoneLog log;
    for (Seqno seqno = 1; seqno <= kCount; ++seqno) {
        log.add("1", key(seqno), seqno);  // covers what lies before its own number
        if (seqno % 8 != 0) continue;
        const uint64_t number = random.below(seqno);
        const Seqno read = number + random.below(seqno - number) + 1;
        REQUIRE(log.covering(key(number), read) == read);
        REQUIRE(log.covering(key(number), number) == 0);
    }
    std::vector<RangeTombstoneSetPtr> sets;
    log.append_sets(sets);
    CHECK(sets.size() <= 15);
    size_t bytes = 0;
    for (const auto& set : sets) bytes += set->memory_bytes();
    CHECK(log.memory_bytes() > bytes);
    CHECK(log.memory_bytes() < 16U << 20);
}

TEST_CASE("range tombstone log: a walk after every delete finds each in one of few sets") {
    RangeTombstoneLog log;
    for (Seqno seqno = 1; seqno <= 1000; ++seqno) {
        log.add(std::to_string(100'000 + seqno), std::to_string(100'001 + seqno), seqno);
        std::vector<RangeTombstoneSetPtr> sets;
        log.append_sets(sets);
        REQUIRE(sets.size() <= 10);
        size_t fragments = 0;
        for (const auto& set : sets) fragments += set->fragments();
        REQUIRE(fragments == seqno);
    }
}

TEST_CASE("memtable: is full by its range deletes, too") {
    Memtable memtable;
    CHECK_FALSE(memtable.is_full(0));  // empty
    for (Seqno seqno = 1; seqno < Memtable::kMostRangeDeletes; ++seqno) {
        memtable.add_range_delete("a", "b", seqno);
    }
    CHECK_FALSE(memtable.is_full(1U << 30));
    memtable.add_range_delete("a", "b", Memtable::kMostRangeDeletes);
    CHECK(memtable.is_full(1U << 30));
    CHECK(memtable.is_full(1U << 10));
}

TEST_CASE("range tombstone log: a reader sees every delete below the seqno it may read") {
    RangeTombstoneLog log;
    std::atomic<Seqno> published{0};
    std::atomic<uint64_t> wrong{0};
    constexpr Seqno kLast = 2000;
    std::thread reader([&] {
        for (Seqno seen = 0; seen < kLast;) {
            seen = published.load(std::memory_order_acquire);
            if (seen != 0 && log.covering("5", seen) != seen) wrong.fetch_add(1);
        }
    });
    for (Seqno seqno = 1; seqno <= kLast; ++seqno) {
        log.add("1", "9", seqno);
        published.store(seqno, std::memory_order_release);
    }
    reader.join();
    CHECK(wrong.load() == 0);
}

TEST_CASE("memtable: a range delete counts as content and keeps entries apart from itself") {
    Memtable memtable;
    memtable.add("b", 3, Kind::kPut, "v");
    memtable.add_range_delete("a", "c", 7);
    CHECK_FALSE(memtable.empty());
    CHECK(memtable.entries() == 1);
    CHECK(memtable.range_deletes() == 1);
    CHECK(memtable.smallest_seqno() == 3);
    CHECK(memtable.largest_seqno() == 7);
    CHECK(memtable.get("b", 9)->seqno == 3);
    CHECK(memtable.covering_seqno("b", 9) == 7);
    CHECK(memtable.covering_seqno("b", 6) == 0);
    CHECK(memtable.covering_seqno("c", 9) == 0);
    Memtable only;
    only.add_range_delete("a", "c", 1);
    CHECK_FALSE(only.empty());
    CHECK(only.smallest_seqno() == 1);
}
