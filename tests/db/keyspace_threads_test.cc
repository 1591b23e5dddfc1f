// The catalog of keyspaces under real threads. Meant for TSan.
// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "kv/keyspace_catalog.h"
#include "support/crash_file_system.h"

using namespace kv;
using namespace kv::test;

TEST_CASE("keyspace threads: callers who create the same names get the same keyspaces") {
    CrashFileSystem disk;
    Options options;
    options.file_system = &disk;
    auto db = Db::open(options, "db");
    REQUIRE(db.is_ok());
    KeyspaceCatalog catalog;
    REQUIRE(catalog.open(**db).is_ok());
    constexpr int kThreads = 4, kNames = 20;
    std::atomic<int> wrong{0};
    std::atomic<int> made{0};
    std::vector<std::vector<KeyspacePtr>> found(kThreads);
    std::vector<std::thread> threads;
    for (auto& mine : found) {
        threads.emplace_back([&] {
            for (int i = 0; i < kNames; ++i) {
                auto created = catalog.create("name" + std::to_string(i));
                if (!created.is_ok()) {
                    ++wrong;
                    continue;
                }
                made += created->is_new;
                created->keyspace->count_reads(2, 1);
                mine.push_back(created->keyspace);
            }
            (void)catalog.list();
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(made == kNames);
    std::set<uint32_t> ids;
    for (const KeyspacePtr& each : found[0]) ids.insert(each->space().id());
    CHECK(ids.size() == kNames);
    for (const auto& mine : found) CHECK(mine == found[0]);
    for (const KeyspaceStats& stats : catalog.list("name")) {
        CHECK(stats.reads == 2 * kThreads);
        CHECK(stats.hits == kThreads);
    }
}

TEST_CASE("keyspace threads: creating, dropping and finding one name never mixes two keyspaces") {
    CrashFileSystem disk;
    Options options;
    options.file_system = &disk;
    auto db = Db::open(options, "db");
    REQUIRE(db.is_ok());
    KeyspaceCatalog catalog;
    REQUIRE(catalog.open(**db).is_ok());
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 100; ++i) {
                if (t % 2 == 0) {
                    const auto created = catalog.create("x");
                    wrong += !created.is_ok() || created->keyspace->name() != "x";
                } else {
                    wrong += !catalog.drop("x").is_ok();
                }
                const KeyspacePtr found = catalog.find("x");
                wrong += found != nullptr && found->space().id() < KeyspaceCatalog::kNumbered;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    (void)catalog.drop("x");
    KeyspaceCatalog again;
    REQUIRE(again.open(**db).is_ok());
    CHECK(again.find("x") == nullptr);
}
