// The memtable's hash index beside its skip list: same answers, at any size, while it grows.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/key_index.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <string>
#include <thread>

#include "base/arena.h"
#include "base/hash.h"
#include "memtable/memtable.h"

using namespace kv;

namespace {

std::string key_of(uint64_t i) { return "key:" + std::to_string(i); }

struct Indexed {
    Arena arena{nullptr};
    SkipList list{arena, {}};
    KeyIndex index{0};

    SkipList::Node* add(Bytes key, Seqno seqno) {
        SkipList::Node& node = list.make(key, pack_trailer(seqno, Kind::kPut), {}, "v");
        index.put(KeyIndex::hash_of(key), &node);
        return &node;
    }
    const SkipList::Node* find(Bytes key) const { return index.find(KeyIndex::hash_of(key), key); }
};

}  // namespace

TEST_CASE("key index: an empty one finds nothing") {
    const Indexed f;
    CHECK(f.find("") == nullptr);
    CHECK(f.find("a") == nullptr);
}

TEST_CASE("key index: finds the node that a key was put with, whatever became of the key since") {
    Indexed f;
    SkipList::Node* const anchor = f.add("a", 5);
    f.list.add_version(*anchor, pack_trailer(9, Kind::kPut), {}, "v");
    CHECK(f.find("a") == anchor);
    CHECK(f.find("b") == nullptr);
}

TEST_CASE("key index: keys that were chosen to collide do not") {
    // Their first eight bytes are those that the unseeded hash multiplies the next eight by zero
    // for.
    const auto chosen = [](uint64_t i) {
        std::string key("\xb8\xfe\x6c\x39\x23\xa4\x4b\xbe", 8);
        key.resize(32, 'k');
        std::memcpy(key.data() + 8, &i, sizeof i);
        return key;
    };
    constexpr uint64_t kKeys = 1000;
    std::set<uint64_t> plain, seeded;
    for (uint64_t i = 0; i < kKeys; ++i) {
        plain.insert(hash64(chosen(i)));
        seeded.insert(KeyIndex::hash_of(chosen(i)));
    }
    CHECK(plain.size() == 1);
    CHECK(seeded.size() == kKeys);
}

TEST_CASE("key index: finds every key after growing many times") {
    Indexed f;
    constexpr uint64_t kKeys = 50'000;
    for (uint64_t i = 0; i < kKeys; ++i) f.add(key_of(i), i + 1);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < kKeys; ++i) {
        const auto* node = f.find(key_of(i));
        wrong += node == nullptr || trailer_seqno(node->trailer()) != i + 1;
        wrong += f.find(key_of(i) + "x") != nullptr;
    }
    CHECK(wrong == 0);
    CHECK(f.index.memory_bytes() < kKeys * 80);
}

TEST_CASE("key index: sized for its keys, it has one table and takes four words a key at most") {
    const KeyIndex index(100'000);
    CHECK(index.memory_bytes() <= 100'000 * 4 * sizeof(uint64_t));
}

TEST_CASE("key index: readers find what was published before they looked, while it grows") {
    Memtable memtable;
    constexpr Seqno kEntries = 40'000;
    std::atomic<Seqno> published{0};
    std::atomic<uint64_t> wrong{0};
    std::vector<std::thread> readers;
    for (uint64_t r = 0; r < 3; ++r) {
        readers.emplace_back([&, r] {
            for (uint64_t i = r; published.load(std::memory_order_acquire) < kEntries; i += 7) {
                const Seqno seqno = published.load(std::memory_order_acquire);
                if (seqno == 0) continue;
                const uint64_t k = i % std::min<uint64_t>(seqno, 1000);
                const auto entry = memtable.get(key_of(k), seqno);
                // Key k was last written at the largest seqno <= the published one that is k + 1
                // modulo 1000.
                const Seqno expected = (seqno - k - 1) / 1000 * 1000 + k + 1;
                wrong += !entry || entry->seqno != expected;
            }
        });
    }
    for (Seqno s = 1; s <= kEntries; ++s) {
        memtable.add(key_of((s - 1) % 1000), s, Kind::kPut, "v");
        published.store(s, std::memory_order_release);
    }
    for (std::thread& reader : readers) reader.join();
    CHECK(wrong == 0);
}
