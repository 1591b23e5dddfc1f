// Range covers: the same answers as asking every set, whatever the order of the questions.
// SPDX-License-Identifier: Apache-2.0
#include "iterator/range_cover.h"

#include "iterator/entry_list.h"

using namespace kv;
using namespace kv::test;

namespace {

std::vector<RangeTombstone> random_tombstones(Random& random, size_t count) {
    std::vector<RangeTombstone> tombstones;
    while (tombstones.size() < count) {
        std::string begin = random_key(random), end = random_key(random);
        if (end < begin) std::swap(begin, end);
        if (begin != end)
            tombstones.push_back({std::move(begin), std::move(end), 1 + random.below(100)});
    }
    return tombstones;
}

}  // namespace

TEST_CASE("range cover: of no sets, or none with tombstones, is empty") {
    CHECK(RangeCover().empty());
    CHECK(RangeCover({nullptr, RangeTombstoneSet::build({})}, 7).empty());
    RangeCover cover({RangeTombstoneSet::build({{"b", "d", 5}})}, 4);
    CHECK_FALSE(cover.empty());
    CHECK(cover.at("c") == 0);  // newer than the reader
}

TEST_CASE("range cover: tells the stretch in which its answer holds") {
    RangeCover cover({RangeTombstoneSet::build({{"b", "f", 5}}),
                      RangeTombstoneSet::build({{"d", "h", 9}, {"k", "l", 3}})},
                     100);
    CHECK(cover.at("a") == 0);
    CHECK(cover.at("b") == 5);
    CHECK(cover.begin() == "b");
    CHECK(cover.end() == "d");
    CHECK(cover.at("e") == 9);
    CHECK(cover.begin() == "d");
    CHECK(cover.end() == "f");
    CHECK(cover.at("g") == 9);
    CHECK(cover.end() == "h");
    CHECK(cover.at("h") == 0);
    CHECK(cover.at("k") == 3);
    CHECK(cover.at("l") == 0);
    CHECK(cover.at("cc") == 5);
}

TEST_CASE("range cover: agrees with the sets on walks up and down and on jumps") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 60; ++round) {
        std::vector<RangeTombstoneSetPtr> sets;
        for (uint64_t n = random.below(4); n > 0; --n)
            sets.push_back(RangeTombstoneSet::build(random_tombstones(random, random.below(30))));
        const Seqno at = random.below(120);
        RangeCover cover(sets, at);
        std::vector<std::string> keys;
        for (int i = 0; i < 100; ++i) keys.push_back(random_key(random));
        const uint64_t order = random.below(3);
        if (order < 2) std::sort(keys.begin(), keys.end());
        if (order == 1) std::reverse(keys.begin(), keys.end());
        for (const std::string& key : keys) {
            Seqno expected = 0;
            for (const auto& set : sets) expected = std::max(expected, set->covering(key, at));
            CAPTURE(key, order);
            REQUIRE(cover.at(key) == expected);
            if (expected == 0) continue;
            REQUIRE(cover.begin() <= key);
            REQUIRE(cover.end() > key);
        }
    }
}
