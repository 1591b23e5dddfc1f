// A list that puts keys in order when it is asked, against a sorted set.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/lazy_list.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "record/internal_key.h"
#include "support/seed.h"

using namespace kv;

namespace {

uint64_t trailer_at(Seqno seqno) { return pack_trailer(seqno, Kind::kPut); }

/// A list and what it should hold: keys, and the newest seqno of each.
struct Pair {
    Arena arena;
    LazyList list;
    std::map<std::string, SkipList::Node*> anchors;
    Seqno seqno = 0;

    explicit Pair(Bytes common_prefix, uint64_t prompt_keys = 0)
        : list(arena, common_prefix, prompt_keys) {}

    void add(const std::string& key) {
        ++seqno;
        auto& anchor = anchors[key];
        if (anchor == nullptr)
            anchor = &list.add_key(key, trailer_at(seqno), "head", "tail");
        else
            list.add_version(*anchor, trailer_at(seqno), "", "again");
    }

    /// The first difference between a walk of the list and the keys that are here.
    std::string difference() {
        const SkipList::Node* node = list.in_order().first();
        for (const auto& [key, anchor] : anchors) {
            if (node == nullptr) return "nothing where there should be " + key;
            if (node->user_key() != key)
                return std::string(node->user_key()) + " in place of " + key;
            if (node != anchor->newest()) return "not the newest version of " + key;
            while (node != anchor) node = node->next();
            node = node->next();
        }
        return node == nullptr ? "" : "too much: " + std::string(node->user_key());
    }
};

}  // namespace

TEST_CASE(
    "lazy list: shows every key in order, whatever it was made for and whenever it is asked") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (const Bytes prefix : {Bytes(""), Bytes("key"), Bytes("zzz"), Bytes("key000000001")}) {
        for (const uint64_t ask_one_in : {1, 7, 100, 1000, 100'000}) {
            CAPTURE(prefix, ask_one_in);
            Pair pair(prefix, random.below(2) * random.below(50));
            for (int i = 0; i < 3000; ++i) {
                const std::string number = std::to_string(random.below(2000));
                const bool is_like_most = random.below(20) != 0;
                pair.add(is_like_most ? "key00000000" + number : number.substr(0, 2));
                if (random.below(ask_one_in) == 0) REQUIRE(pair.difference() == "");
            }
            CHECK(pair.difference() == "");
            CHECK(pair.list.keys() == pair.anchors.size());
            CHECK(pair.list.smallest_key() == pair.anchors.begin()->first);
            CHECK(pair.list.largest_key() == pair.anchors.rbegin()->first);
        }
    }
}

TEST_CASE("lazy list: links nothing that nobody asks for, and as many keys again as were seen") {
    Pair pair("");
    CHECK(pair.list.waiting() == 0);
    CHECK(pair.list.in_order().first() == nullptr);
    for (int i = 0; i < 1000; ++i) pair.add("k" + std::to_string(i * 7919 % 1000));
    CHECK(pair.list.waiting() == 1000);
    CHECK(pair.difference() == "");
    CHECK(pair.list.waiting() == 0);
    CHECK(pair.list.prompt_keys() == 1000);
    for (int i = 0; i < 1000; ++i) pair.add("l" + std::to_string(i));
    CHECK(pair.list.waiting() == 0);
    for (int i = 0; i < 10; ++i) pair.add("m" + std::to_string(i));
    CHECK(pair.list.waiting() == 10);
    CHECK(pair.list.prompt_keys() == 0);
    CHECK(pair.difference() == "");
    CHECK(pair.list.prompt_keys() == 2010);
}

TEST_CASE("lazy list: a version older than its key's first is found behind it") {
    Pair pair("");
    for (Seqno seqno = 10; seqno < 20; ++seqno)
        pair.list.add_key("k" + std::to_string(seqno), trailer_at(seqno), "", "v");
    auto& anchor = pair.list.add_key("k", trailer_at(20), "", "first");
    pair.list.add_version(anchor, trailer_at(5), "", "older");
    pair.list.add_version(anchor, trailer_at(30), "", "newer");
    pair.list.add_version(anchor, trailer_at(6), "", "old");
    std::string seen;
    const SkipList::Node* node = pair.list.in_order().first();
    for (; node != nullptr && node->user_key() == "k"; node = node->next())
        seen.append(node->value()).append(" ");
    CHECK(seen == "newer first old older ");
    REQUIRE(node != nullptr);
    CHECK(node->user_key() == "k10");
}

TEST_CASE("lazy list: who asks finds what was published before, while one thread writes") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    constexpr uint64_t kKeys = 60'000;
    // Each number once, in no order: an odd factor permutes the residues of a power of two.
    const auto key_of = [&](uint64_t i) {
        const std::string number = std::to_string((seed + i) * 40'503 % 65'536);
        return "key" + std::string(5 - number.size(), '0') + number;
    };
    Arena arena;
    LazyList list(arena, "", 0);
    std::atomic<uint64_t> published{0};
    std::atomic<uint64_t> mistakes{0};
    const auto read = [&](uint64_t reader) {
        Random random(seed + reader);
        for (uint64_t seen = 0; seen < kKeys;) {
            // The more keys come between two looks, the more of them wait for the second.
            const uint64_t next = std::min(kKeys, seen + 1 + random.below(3 * seen + 100));
            while ((seen = published.load(std::memory_order_acquire)) < next)
                std::this_thread::yield();
            const SkipList& ordered = list.in_order();
            for (int i = 0; i < 50; ++i) {
                const std::string key = key_of(random.below(seen));
                const SkipList::Node* node = ordered.first_at_or_after(key, 0);
                if (node == nullptr || node->user_key() != key) ++mistakes;
            }
            uint64_t keys = 0;
            for (const auto* node = ordered.first(); node != nullptr; node = node->next()) {
                const SkipList::Node* const after = node->next();
                if (after != nullptr && after->user_key() <= node->user_key()) ++mistakes;
                ++keys;
            }
            if (keys < seen) ++mistakes;
        }
    };
    std::vector<std::thread> readers;
    for (uint64_t i = 0; i < 3; ++i) readers.emplace_back(read, i);
    for (uint64_t i = 0; i < kKeys; ++i) {
        list.add_key(key_of(i), trailer_at(i + 1), "", "v");
        published.store(i + 1, std::memory_order_release);
    }
    for (std::thread& reader : readers) reader.join();
    CHECK(mistakes == 0);
    CHECK(list.keys() == kKeys);
}
