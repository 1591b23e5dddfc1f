// Thread numbers: unique among the living, given back, and counters that add up.
// SPDX-License-Identifier: Apache-2.0
#include "base/thread_number.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using namespace kv;

TEST_CASE("thread number: stays the same within a thread and differs between living ones") {
    constexpr int kThreads = 20;
    const uint32_t mine = thread_number();
    CHECK(thread_number() == mine);
    std::latch all_have_one(kThreads);
    std::mutex mutex;
    std::set<uint32_t> numbers{mine};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            const uint32_t number = thread_number();
            all_have_one.arrive_and_wait();
            const std::lock_guard lock(mutex);
            numbers.insert(number);
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(numbers.size() == kThreads + 1);
    uint32_t later = UINT32_MAX;
    std::thread([&] { later = thread_number(); }).join();
    CHECK(later <= kThreads);
}

TEST_CASE("thread counters: lose nothing, with more threads than cells") {
    ThreadCounters<2> counters;
    constexpr int kThreads = 100;
    std::latch all_run(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            counters.add(0, 0);
            all_run.arrive_and_wait();
            for (int n = 0; n < 1000; ++n) counters.add(1, 2);
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(counters.sum(0) == 0);
    CHECK(counters.sum(1) == 200'000);
}
