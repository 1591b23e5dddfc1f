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
