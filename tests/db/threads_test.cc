// The store under real threads: what the deterministic tests cannot show. Meant for TSan.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "base/random.h"
#include "kv/db.h"
#include "support/crash_file_system.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

Options threaded_options(CrashFileSystem& disk) {
    Options options;
    options.file_system = &disk;
    options.memtable_bytes = 64U << 10;
    options.table_bytes = 32U << 10;
    options.level1_bytes = 64U << 10;
    options.wal_segment_bytes = 64U << 10;
    options.block_cache_bytes = 64U << 10;
    options.level0_compaction_trigger = 2;
    options.compaction_threads = 2;
    return options;
}

std::string key_of(uint64_t thread, uint64_t i) {
    return "t" + std::to_string(thread) + "-" + std::to_string(i);
}

}  // namespace

TEST_CASE("threads: every writer finds all it wrote while others write, scan and compact") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    CrashFileSystem disk;
    std::map<std::string, std::string> expected;
    {
        auto opened = Db::open(threaded_options(disk), "db");
        REQUIRE(opened.is_ok());
        Db& db = **opened;
        constexpr uint64_t kWriters = 4, kWrites = 1500, kKeys = 200;
        std::vector<std::map<std::string, std::string>> own(kWriters);
        std::atomic<int> wrong{0};
        std::atomic<bool> done{false};
        std::vector<std::thread> threads;
        for (uint64_t w = 0; w < kWriters; ++w) {
            threads.emplace_back([&, w] {
                Random random(seed + w);
                for (uint64_t i = 0; i < kWrites; ++i) {
                    const std::string key = key_of(w, random.below(kKeys));
                    const auto level = static_cast<Durability>(random.below(3));
                    if (random.one_in(5)) {
                        wrong += !db.del(key, level).status.is_ok();
                        own[w].erase(key);
                    } else {
                        std::string value(random.below(200), static_cast<char>('a' + i % 26));
                        wrong += !db.put(key, value, level).status.is_ok();
                        own[w][key] = std::move(value);
                    }
                    const auto found = db.get(key);
                    const auto at = own[w].find(key);
                    const bool right = found.is_ok() &&
                                       found->has_value() == (at != own[w].end()) &&
                                       (!found->has_value() || (*found)->value == at->second);
                    wrong += !right;
                }
            });
        }
        threads.emplace_back([&] {
            while (!done) {
                const SnapshotPtr snapshot = db.snapshot();
                ScanOptions scan;
                scan.snapshot = snapshot;
                size_t forward = 0, backward = 0;
                const auto it = db.new_iterator(scan);
                for (it->seek_to_first(); it->valid(); it->next()) ++forward;
                for (it->seek_to_last(); it->valid(); it->prev()) ++backward;
                wrong += forward != backward || !it->status().is_ok();
                wrong += !db.flush().is_ok();
            }
        });
        for (uint64_t w = 0; w < kWriters; ++w) threads[w].join();
        done = true;
        threads.back().join();
        CHECK(wrong == 0);
        for (auto& part : own) expected.merge(part);
    }
    // Closing synced everything.
    auto reopened = Db::open(threaded_options(disk), "db");
    REQUIRE(reopened.is_ok());
    std::map<std::string, std::string> found;
    const auto it = (*reopened)->new_iterator({});
    for (it->seek_to_first(); it->valid(); it->next()) {
        found.emplace(std::string(it->key()), std::string(it->value()));
    }
    CHECK(found == expected);
}

TEST_CASE("threads: increments of many writers add up, and each answer is unique") {
    CrashFileSystem disk;
    auto opened = Db::open(threaded_options(disk), "db");
    REQUIRE(opened.is_ok());
    Db& db = **opened;
    constexpr int kWriters = 4, kTimes = 500;
    std::vector<std::vector<int64_t>> answers(kWriters);
    std::vector<std::thread> threads;
    for (int w = 0; w < kWriters; ++w) {
        threads.emplace_back([&, w] {
            for (int i = 0; i < kTimes; ++i) {
                WriteBatch batch;
                batch.increment("n", 1);
                const WriteResult result = db.write(std::move(batch), Durability::kDisk);
                if (result.status.is_ok())
                    answers[static_cast<size_t>(w)].push_back(result.counters.at(0));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    std::vector<int64_t> all;
    for (const auto& some : answers) all.insert(all.end(), some.begin(), some.end());
    std::sort(all.begin(), all.end());
    REQUIRE(all.size() == kWriters * kTimes);
    for (size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == static_cast<int64_t>(i + 1));
}

TEST_CASE("threads: of many compare-and-set writers exactly one wins each round") {
    CrashFileSystem disk;
    auto opened = Db::open(threaded_options(disk), "db");
    REQUIRE(opened.is_ok());
    Db& db = **opened;
    constexpr int kWriters = 4, kRounds = 200;
    std::atomic<int> wins{0};
    std::vector<std::thread> threads;
    for (int w = 0; w < kWriters; ++w) {
        threads.emplace_back([&] {
            for (int round = 0; round < kRounds; ++round) {
                WriteBatch batch;
                batch.put("round" + std::to_string(round), "taken");
                batch.require(
                    {Precondition::Kind::kAbsent, "round" + std::to_string(round), "", 0});
                wins += db.write(std::move(batch), Durability::kOs).status.is_ok();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(wins == kRounds);
}

TEST_CASE("threads: failed syncs among many writers lose nothing acknowledged") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    CrashFileSystem disk;
    std::map<std::string, std::string> acknowledged;
    int doubts = 0;
    {
        auto opened = Db::open(threaded_options(disk), "db");
        REQUIRE(opened.is_ok());
        Db& db = **opened;
        disk.set_fault_hook([&](const Operation& operation) {
            const bool is_log = operation.path.find(".wal") != std::string::npos;
            uint64_t state = seed + operation.index;
            const bool due = operation.kind == OpKind::kSync && splitmix64(state) % 40 == 0;
            return is_log && due ? Fault::kSyncFails : Fault::kNone;
        });
        constexpr uint64_t kWriters = 4, kWrites = 400;
        std::vector<std::map<std::string, std::string>> own(kWriters);
        std::vector<int> own_doubts(kWriters);
        std::vector<std::thread> threads;
        for (uint64_t w = 0; w < kWriters; ++w) {
            threads.emplace_back([&, w] {
                for (uint64_t i = 0; i < kWrites; ++i) {
                    const std::string key = key_of(w, i);
                    const std::string value(i % 200, 'v');
                    // Until the store has moved its log, writes are refused as read-only.
                    while (true) {
                        const Status status = db.put(key, value).status;
                        own_doubts[w] += status.is(Code::kInDoubt);
                        if (status.is_ok()) break;
                        std::this_thread::yield();
                    }
                    own[w][key] = value;
                }
            });
        }
        for (auto& thread : threads) thread.join();
        disk.set_fault_hook({});
        for (auto& part : own) acknowledged.merge(part);
        for (const int n : own_doubts) doubts += n;
    }
    CHECK(doubts > 0);
    const auto survivor = disk.clone_after_crash(CrashOptions::lose_all());
    auto reopened = Db::open(threaded_options(*survivor), "db");
    INFO(reopened.status().to_string());
    REQUIRE(reopened.is_ok());
    std::map<std::string, std::string> found;
    const auto it = (*reopened)->new_iterator({});
    for (it->seek_to_first(); it->valid(); it->next()) {
        found.emplace(std::string(it->key()), std::string(it->value()));
    }
    CHECK(found == acknowledged);
}
