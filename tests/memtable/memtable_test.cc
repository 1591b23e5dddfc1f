// The memtable against a sorted array, and read by many while one writes.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/memtable.h"

#include <atomic>
#include <map>
#include <thread>

#include "base/coding.h"
#include "iterator/entry_list.h"
#include "kv/write_batch.h"

using namespace kv;
using namespace std::string_literals;
using namespace kv::test;

namespace {

/// `together`: so many keys are fetched beforehand, each time.
void add_all(Memtable& memtable, const EntryList& entries, size_t together = 0) {
    std::vector<Bytes> ahead;
    for (size_t i = 0; i < entries.size(); ++i) {
        const auto& [key, value] = entries[i];
        if (together != 0 && i % together == 0) {
            ahead.clear();
            for (size_t j = i; j < std::min(i + together, entries.size()); ++j)
                ahead.push_back(user_key_of(entries[j].first));
            memtable.prefetch(ahead);
        }
        const uint64_t trailer = trailer_of(key);
        memtable.add(user_key_of(key), trailer_seqno(trailer), trailer_kind(trailer), value);
    }
}

void shuffle(EntryList& entries, Random& random) {
    for (size_t i = entries.size(); i > 1; --i) std::swap(entries[i - 1], entries[random.below(i)]);
}

}  // namespace

TEST_CASE("memtable: starts empty") {
    const Memtable memtable;
    CHECK(memtable.empty());
    CHECK_FALSE(memtable.get("k", kMaxSeqno));
    CHECK(memtable.common_prefix().empty());
    CHECK(memtable.smallest_seqno() == 0);
    const auto it = memtable.new_iterator();
    it->seek_to_first();
    CHECK_FALSE(it->valid());
    it->seek_to_last();
    CHECK_FALSE(it->valid());
    it->seek_for_prev(make_seek_key("k", 1));
    CHECK_FALSE(it->valid());
}

TEST_CASE("memtable: reads the newest version at or below the seqno asked for") {
    Memtable memtable;
    memtable.add("k", 3, Kind::kPut, "three");
    memtable.add("k", 5, Kind::kDelete, "");
    memtable.add("k", 9, Kind::kPut, "nine");
    CHECK_FALSE(memtable.get("k", 2));
    CHECK(memtable.get("k", 3)->value == "three");
    CHECK(memtable.get("k", 4)->seqno == 3);
    CHECK(memtable.get("k", 8)->kind == Kind::kDelete);
    CHECK(memtable.get("k", kMaxSeqno)->value == "nine");
    CHECK_FALSE(memtable.get("", kMaxSeqno));
    CHECK_FALSE(memtable.get("k\0"s, kMaxSeqno));
    CHECK_FALSE(memtable.get("l", kMaxSeqno));
}

TEST_CASE("memtable: counts entries, tombstones, seqnos and the earliest expiry") {
    Memtable memtable;
    memtable.add("a", 7, Kind::kPut, "v");
    memtable.add("b", 5, Kind::kDelete, "");
    CHECK(memtable.earliest_expiry_ms() == 0);
    memtable.add_with_expiry("c", 6, 2000, "v");
    memtable.add_with_expiry("d", 9, 1000, "v");
    memtable.add_with_expiry("e", 8, 3000, "v");
    CHECK(memtable.entries() == 5);
    CHECK(memtable.tombstones() == 1);
    CHECK(memtable.smallest_seqno() == 5);
    CHECK(memtable.largest_seqno() == 9);
    CHECK(memtable.earliest_expiry_ms() == 1000);
    const auto entry = memtable.get("d", kMaxSeqno);
    CHECK(entry->kind == Kind::kPutWithExpiry);
    CHECK(load_fixed64(entry->value.data()) == 1000);
    CHECK(entry->value.substr(kExpiryBytes) == "v");
}

TEST_CASE("memtable: takes the largest key and an empty value, and accounts for their memory") {
    Memtable memtable;
    const std::string key(kMaxKeyBytes, 'k');
    const std::string value(3U << 20, 'v');
    memtable.add(key, 1, Kind::kPut, value);
    memtable.add("k", 2, Kind::kPut, "");
    CHECK(memtable.get(key, 1)->value == value);
    CHECK(memtable.get("k", 2)->value.empty());
    CHECK(memtable.memory_bytes() >= key.size() + value.size());
    CHECK(memtable.memory_bytes() < key.size() + value.size() + 100'000);
}

TEST_CASE("memtable: agrees with a sorted array, whatever prefix it was made for") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    const Bytes prefixes[] = {"", "a", "ab", "a common beginning ", "zzz", "\xFF\xFF"};
    for (int round = 0; round < 36; ++round) {
        CAPTURE(round);
        Memtable memtable(prefixes[round % 6]);
        EntryList entries = random_entries(random, random.below(400));
        if (round % 3 == 0) shuffle(entries, random);
        if (round % 3 == 1) std::reverse(entries.begin(), entries.end());
        add_all(memtable, entries, random.below(Memtable::kTogether + 1));
        sort_entries(entries);
        walk_randomly(*memtable.new_iterator(), entries, random, 400);
        for (int i = 0; i < 200; ++i) {
            const std::string key = random_key(random);
            const Seqno seqno = random.below(500);
            const size_t at = entry_at_or_after(entries, make_seek_key(key, seqno));
            const bool there = at < entries.size() && user_key_of(entries[at].first) == key;
            const auto found = memtable.get(key, seqno);
            REQUIRE(found.has_value() == there);
            if (there) REQUIRE(found->value == entries[at].second);
        }
    }
}

TEST_CASE(
    "memtable: every version of a key written often is found, from both sides, in any order") {
    constexpr Seqno kVersions = 1000;
    const auto at = [](Bytes key, Seqno seqno) {
        return make_internal_key(key, seqno, Kind::kPut);
    };
    const bool shuffled = GENERATE(false, true);
    CAPTURE(shuffled);
    // Even seqnos only, so that half of the reads fall between two versions.
    EntryList entries;
    for (Seqno s = 1; s <= kVersions; ++s) entries.push_back({at("counter", 2 * s), ""});
    Random random(7);
    if (shuffled) shuffle(entries, random);
    Memtable memtable;
    memtable.add("counted", 1, Kind::kPut, "");
    memtable.add("counts", 1, Kind::kPut, "");
    add_all(memtable, entries);

    uint64_t wrong = memtable.get("counter", 1).has_value();
    const auto it = memtable.new_iterator();
    for (Seqno s = 1; s <= kVersions; ++s) {
        const Seqno exact = 2 * s;
        wrong += memtable.get("counter", exact)->seqno != exact;
        wrong += memtable.get("counter", exact + 1)->seqno != exact;
        it->seek(make_seek_key("counter", exact + 1));
        wrong += it->key() != at("counter", exact);
        it->next();
        wrong += it->key() != (s == 1 ? at("counts", 1) : at("counter", exact - 2));
        it->seek_for_prev(at("counter", exact));
        wrong += it->key() != at("counter", exact);
        it->prev();
        wrong += it->key() != (s == kVersions ? at("counted", 1) : at("counter", exact + 2));
    }
    CHECK(wrong == 0);
}

TEST_CASE("memtable: knows what its keys have in common") {
    Memtable memtable;
    memtable.add("user:17", 1, Kind::kPut, "");
    CHECK(memtable.common_prefix() == "user:17");
    memtable.add("user:2", 2, Kind::kPut, "");
    CHECK(memtable.common_prefix() == "user:");
    memtable.add("v", 3, Kind::kPut, "");
    CHECK(memtable.common_prefix().empty());
}

TEST_CASE("memtable: readers see every published entry, in order, while one thread writes") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    constexpr Seqno kEntries = 40'000;
    constexpr uint64_t kKeys = 700;
    const auto key_of = [&](Seqno seqno) {
        uint64_t state = seed + seqno;
        return "key" + std::to_string(splitmix64(state) % kKeys);
    };
    Memtable memtable("key");
    std::atomic<Seqno> published{0};
    std::atomic<int> mistakes{0};

    const auto read = [&](uint64_t reader) {
        Random random(seed + reader);
        while (true) {
            const Seqno seqno = published.load(std::memory_order_acquire);
            // Whatever was published is found, at its seqno exactly.
            if (seqno > 0) {
                const Seqno wanted = 1 + random.below(seqno);
                const auto entry = memtable.get(key_of(wanted), wanted);
                if (!entry || entry->seqno != wanted || entry->value != std::to_string(wanted))
                    ++mistakes;
            }
            // A walk is in order and shows each published entry once.
            uint64_t seen = 0;
            std::string last;
            const auto it = memtable.new_iterator();
            for (it->seek_to_first(); it->valid(); it->next()) {
                if (!last.empty() && compare_internal_keys(last, it->key()) >= 0) ++mistakes;
                last.assign(it->key());
                if (trailer_seqno(trailer_of(last)) <= seqno) ++seen;
            }
            if (seen != seqno) ++mistakes;
            if (seqno == kEntries) return;
        }
    };
    std::vector<std::thread> readers;
    for (uint64_t i = 1; i <= 3; ++i) readers.emplace_back(read, i);
    for (Seqno seqno = 1; seqno <= kEntries; ++seqno) {
        memtable.add(key_of(seqno), seqno, Kind::kPut, std::to_string(seqno));
        published.store(seqno, std::memory_order_release);
    }
    for (std::thread& reader : readers) reader.join();
    CHECK(mistakes == 0);
}

TEST_CASE("memtable: going back misses no version of a key before which one thread writes others") {
    constexpr int kNeighbours = 200'000;
    Memtable memtable("");
    memtable.add("k_m", 1, Kind::kPut, "old");
    memtable.add("k_m", 2, Kind::kPut, "new");
    std::atomic<bool> done{false};
    std::thread writer([&] {
        // Each is put between the one before and k_m.
        for (int i = 0; i < kNeighbours; ++i)
            memtable.add("k_l" + std::to_string(1'000'000 + i), 3 + static_cast<Seqno>(i),
                         Kind::kPut, "");
        done.store(true, std::memory_order_release);
    });
    uint64_t mistakes = 0;
    while (!done.load(std::memory_order_acquire)) {
        const auto it = memtable.new_iterator();
        it->seek(make_seek_key("k_m", 1));
        it->prev();
        if (!it->valid() || it->value() != "new") ++mistakes;
        it->seek_for_prev(make_seek_key("k_m", 1));
        if (!it->valid() || it->value() != "new") ++mistakes;
    }
    writer.join();
    CHECK(mistakes == 0);
}

TEST_CASE("memtable: a walk passes over the versions of a key above a seqno, and no others") {
    Memtable memtable;
    for (Seqno seqno = 1; seqno <= 200; ++seqno) memtable.add("k", seqno, Kind::kPut, "v");
    memtable.add("j", 201, Kind::kPut, "v");
    memtable.add("l", 202, Kind::kPut, "v");
    for (const bool from_the_front : {true, false}) {
        for (const Seqno start : {200, 199, 150, 2, 1}) {
            for (const Seqno floor : {0, 1, 2, 77, 149, 199, 200, 300}) {
                CAPTURE(from_the_front, start, floor);
                const auto it = memtable.new_iterator();
                if (from_the_front) {
                    it->seek_to_first();
                    while (trailer_seqno(trailer_of(it->key())) != start) it->next();
                } else {
                    it->seek(make_seek_key("k", start));
                }
                const uint64_t passed = it->pass_versions(floor);
                // Of the anchor's own chain all are passed, and the anchor is the first that came.
                CHECK(passed == (floor >= start ? 0 : start - std::max<Seqno>(floor + 1, 1)));
                it->next();
                const bool left = floor != 0 && start != 1;
                const Seqno next = floor >= start ? start - 1 : floor;
                CHECK(user_key_of(it->key()) == (left ? "k" : "l"));
                if (left) CHECK(trailer_seqno(trailer_of(it->key())) == next);
            }
        }
    }
}

TEST_CASE("memtable: the walk of a flush shows what any walk shows, whoever walked before") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 40; ++round) {
        // In no order: some versions come after newer ones of their key.
        const bool in_order = round % 2 == 0;
        const uint64_t walk_one_in = 1 + random.below(2000);
        CAPTURE(round, in_order, walk_one_in);
        Memtable memtable;
        EntryList entries = random_entries(random, random.below(600));
        if (!in_order) shuffle(entries, random);
        if (in_order) {
            std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
                return trailer_of(a.first) > trailer_of(b.first);
            });
        }
        for (const auto& [key, value] : entries) {
            const uint64_t trailer = trailer_of(key);
            memtable.add(user_key_of(key), trailer_seqno(trailer), trailer_kind(trailer), value);
            if (random.below(walk_one_in) == 0) (void)memtable.new_iterator();
        }
        EntryList flushed;
        const auto flush = memtable.new_flush_iterator();
        for (flush->seek_to_first(); flush->valid(); flush->next())
            flushed.emplace_back(flush->key(), flush->value());
        sort_entries(entries);
        CHECK(flushed == entries);
        if (!in_order) continue;  // then nobody counts by depth
        // One that passes over what lies above a boundary shows the newest and what is below.
        const Seqno floor = random.below(500);
        uint64_t shown = 0, passed = 0;
        const auto passing = memtable.new_flush_iterator();
        InternalEntry entry;
        passing->seek_to_first();
        for (bool more = passing->valid(); more; more = passing->next_entry(entry)) {
            ++shown;
            passed += passing->pass_versions(floor);
        }
        CHECK(shown + passed == entries.size());
    }
}

TEST_CASE("memtable: a logged batch of any length is added whole, fetched beforehand or not") {
    const size_t together = Memtable::kTogether;
    for (const size_t ops : {size_t{1}, together - 1, together, together + 1, 2 * together + 1}) {
        for (const bool is_fetched : {false, true}) {
            CAPTURE(ops, is_fetched);
            WriteBatch batch;
            // Every third is another version of the key before it.
            for (size_t i = 0; i < ops; ++i)
                batch.put("k" + std::to_string(1000 + i - (i % 3 == 2 ? 1 : 0)), std::to_string(i));
            Memtable memtable;
            CHECK(memtable.apply_all(batch.encoded(), 7, is_fetched) == ops);
            CHECK(memtable.entries() == ops);
            CHECK(memtable.smallest_seqno() == 7);
            CHECK(memtable.largest_seqno() == 6 + ops);
            for (size_t i = 0; i < ops; ++i) {
                const std::string key = "k" + std::to_string(1000 + i - (i % 3 == 2 ? 1 : 0));
                CHECK(memtable.get(key, 7 + i)->value == std::to_string(i));
            }
        }
    }
}
