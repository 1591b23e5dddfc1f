// The baton: held by one, never lost, work offered to a holder is always done.
// SPDX-License-Identifier: Apache-2.0
#include "db/baton.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using kv::db::Baton;

TEST_CASE("baton: is free at first and held by one at a time") {
    Baton baton;
    CHECK(baton.try_take());
    CHECK_FALSE(baton.try_take());
}

TEST_CASE("baton: a call while it is held makes the holder go round once more") {
    Baton baton;
    REQUIRE(baton.try_take());
    CHECK_FALSE(baton.try_take());
    CHECK_FALSE(baton.try_take());
    CHECK_FALSE(baton.release());
    CHECK(baton.release());
    CHECK(baton.try_take());
}

TEST_CASE("baton: no work is lost among many threads") {
    Baton baton;
    std::atomic<int> offered{0};
    int done = 0;  // guarded by the baton
    constexpr int kThreads = 4, kRounds = 20000;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < kRounds; ++i) {
                offered.fetch_add(1);
                if (!baton.try_take()) continue;
                do {
                    done += offered.exchange(0);
                } while (!baton.release());
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(done == kThreads * kRounds);
}
