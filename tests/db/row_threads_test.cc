// Rows under real threads: that no get answers with less than had been acknowledged before it.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "base/random.h"
#include "kv/db.h"
#include "support/crash_file_system.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

constexpr uint64_t kKeys = 200;

std::string key_of(uint64_t i) { return "key" + std::to_string(1000 + i); }

}  // namespace

TEST_CASE("row threads: readers never see a key go back while it is written, flushed and merged") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    CrashFileSystem disk;
    Options options;
    options.file_system = &disk;
    options.memtable_bytes = 64U << 10;
    options.table_bytes = 32U << 10;
    options.wal_segment_bytes = 64U << 10;
    options.level0_compaction_trigger = 2;
    auto opened = Db::open(options, "db");
    REQUIRE(opened.is_ok());
    Db& db = **opened;
    std::array<std::atomic<uint64_t>, kKeys> acknowledged{};
    for (uint64_t i = 0; i < kKeys; ++i) {
        REQUIRE(db.put(key_of(i), "1", Durability::kMemory).status.is_ok());
        acknowledged[i] = 1;
    }
    REQUIRE(db.flush().is_ok());

    std::atomic<bool> done{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (uint64_t r = 0; r < 2; ++r) {
        readers.emplace_back([&, r] {
            Random random(seed + r);
            while (!done) {
                const uint64_t i = random.below(kKeys);
                const uint64_t least = acknowledged[i];
                const auto entry = db.get(key_of(i));
                if (!entry.is_ok() || !entry->has_value() || std::stoull((*entry)->value) < least)
                    ++wrong;
            }
        });
    }
    Random random(seed + 9);
    for (uint64_t number = 2; number < 40; ++number) {
        // Reads of what is in tables have to come back before rows are looked for.
        const uint64_t before = db.stats().row_hits;
        for (int tries = 0; tries < 100'000 && db.stats().row_hits < before + 500; ++tries)
            std::this_thread::yield();
        for (int writes = 0; writes < 20; ++writes) {
            const uint64_t i = random.below(kKeys);
            const std::string value = std::to_string(number * 100 + static_cast<uint64_t>(writes));
            REQUIRE(db.put(key_of(i), value, Durability::kMemory).status.is_ok());
            acknowledged[i] = number * 100 + static_cast<uint64_t>(writes);
        }
        REQUIRE((number % 8 == 0 ? db.compact_all() : db.flush()).is_ok());
    }
    done = true;
    for (std::thread& reader : readers) reader.join();
    CHECK(wrong == 0);
    CHECK(db.stats().row_hits > 0);
}
