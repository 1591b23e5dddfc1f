// Range deletes cut into fragments: record/range_tombstones.h.
// SPDX-License-Identifier: Apache-2.0
#include "record/range_tombstones.h"

#include <catch2/catch.hpp>

#include "base/random.h"
#include "record/internal_key.h"
#include "support/seed.h"

using namespace kv;

namespace {

/// "begin-end@seqno,seqno ..." of every fragment.
std::string text(const RangeTombstoneSet& set) {
    std::string out;
    for (size_t i = 0; i < set.fragments(); ++i) {
        const auto fragment = set.fragment(i);
        if (!out.empty()) out += ' ';
        out.append(fragment.begin).append("-").append(fragment.end);
        char mark = '@';
        for (const Seqno seqno : fragment.seqnos()) {
            out += mark + std::to_string(seqno);
            mark = ',';
        }
    }
    return out;
}

}  // namespace

TEST_CASE("range tombstones: no deletes cover nothing") {
    const auto set = RangeTombstoneSet::build({});
    CHECK(set->empty());
    CHECK(set->covering("a", kMaxSeqno) == 0);
    CHECK(set->find("a") == 0);
    CHECK(set->largest_seqno() == 0);
}

TEST_CASE("range tombstones: one delete covers its begin and not its end") {
    const auto set = RangeTombstoneSet::build({{"b", "d", 5}});
    CHECK(text(*set) == "b-d@5");
    CHECK(set->covering("a", 9) == 0);
    CHECK(set->covering("b", 9) == 5);
    CHECK(set->covering("czz", 9) == 5);
    CHECK(set->covering("d", 9) == 0);
    CHECK(set->covering("c", 5) == 5);
    CHECK(set->covering("c", 4) == 0);
}

TEST_CASE("range tombstones: overlapping deletes are cut at each other's bounds") {
    CHECK(text(*RangeTombstoneSet::build({{"a", "m", 3}, {"f", "z", 7}})) == "a-f@3 f-m@7,3 m-z@7");
    CHECK(text(*RangeTombstoneSet::build({{"a", "z", 3}, {"c", "d", 9}})) == "a-c@3 c-d@9,3 d-z@3");
    CHECK(text(*RangeTombstoneSet::build({{"a", "c", 1}, {"x", "y", 2}})) == "a-c@1 x-y@2");
    CHECK(text(*RangeTombstoneSet::build({{"a", "c", 1}, {"a", "c", 4}})) == "a-c@4,1");
}

TEST_CASE("range tombstones: pieces of one delete that touch become one fragment again") {
    CHECK(text(*RangeTombstoneSet::build({{"a", "c", 4}, {"c", "f", 4}})) == "a-f@4");
    CHECK(text(*RangeTombstoneSet::build({{"a", "c", 4}, {"c", "f", 5}})) == "a-c@4 c-f@5");
}

TEST_CASE("range tombstones: a merge is the set of all deletes of its parts") {
    const RangeTombstoneSetPtr sets[] = {RangeTombstoneSet::build({{"a", "m", 3}}), nullptr,
                                         RangeTombstoneSet::build({{"f", "z", 7}})};
    CHECK(text(*RangeTombstoneSet::merge(sets)) == "a-f@3 f-m@7,3 m-z@7");
    CHECK(RangeTombstoneSet::merge(std::span(sets).subspan(1, 1)) == nullptr);
    CHECK(RangeTombstoneSet::merge(std::span(sets).first(2)) == sets[0]);
}

TEST_CASE("range tombstones: gives back the deletes it was built of") {
    std::vector<RangeTombstone> out;
    RangeTombstoneSet::build({{"a", "z", 3}, {"c", "d", 9}, {"x", "zz", 5}, {"a", "b", 9}})
        ->append_to(out);
    const std::vector<RangeTombstone> all{
        {"a", "z", 3}, {"x", "zz", 5}, {"a", "b", 9}, {"c", "d", 9}};
    CHECK(out == all);
}

TEST_CASE("range tombstones: many that all overlap take little room") {
    constexpr uint64_t kCount = 20'000;
    const auto key = [](uint64_t number) { return std::to_string(100'000 + number); };
    std::vector<RangeTombstone> deletes;
    for (uint64_t i = 1; i <= kCount; ++i) deletes.push_back({"1", key(i), i});
    const auto set = RangeTombstoneSet::build(deletes);
    REQUIRE(set->fragments() == kCount);
    CHECK(set->memory_bytes() < 8U << 20);  // a list for each fragment would take 1.6 GB
    // Delete i covers what lies before key i.
    for (uint64_t i = 0; i < kCount; i += 37) {
        CHECK(set->covering(key(i), kMaxSeqno) == kCount);
        CHECK(set->covering(key(i), i + 1) == i + 1);
        CHECK(set->covering(key(i), i) == 0);
    }
}

TEST_CASE("range tombstones: an exclusive bound sorts before every entry of its key") {
    const std::string bound = make_exclusive_bound("k");
    CHECK(is_exclusive_bound(bound));
    CHECK(compare_internal_keys(bound, make_internal_key("k", kMaxSeqno, Kind::kPut)) < 0);
    CHECK(compare_internal_keys(bound, make_internal_key("j", 1, Kind::kPut)) > 0);
    CHECK_FALSE(is_exclusive_bound(make_internal_key("k", 7, Kind::kPut)));
}

TEST_CASE("range tombstones: answers equal those of asking every delete") {
    const uint64_t seed = test::test_seed();
    INFO("KV_TEST_SEED=" << seed);
    Random random(seed);
    for (int round = 0; round < 200; ++round) {
        std::vector<RangeTombstone> deletes;
        const uint64_t count = random.below(12);
        for (uint64_t i = 0; i < count; ++i) {
            std::string a(1, static_cast<char>('a' + random.below(20)));
            std::string b(1, static_cast<char>('a' + random.below(20)));
            if (a == b) b += 'x';
            if (b < a) std::swap(a, b);
            deletes.push_back({a, b, 1 + random.below(10)});
        }
        const auto set = RangeTombstoneSet::build(deletes);
        for (char c = 'a'; c <= 'v'; ++c) {
            for (const std::string& key : {std::string(1, c), std::string(1, c) + "m"}) {
                for (Seqno read = 0; read <= 11; ++read) {
                    Seqno expected = 0;
                    for (const RangeTombstone& one : deletes)
                        if (one.begin <= key && key < one.end && one.seqno <= read)
                            expected = std::max(expected, one.seqno);
                    REQUIRE(set->covering(key, read) == expected);
                }
            }
        }
    }
}
