// One seed, one schedule.
// SPDX-License-Identifier: Apache-2.0
#include "kv/deterministic_executor.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "support/seed.h"

using kv::DeterministicExecutor;
using kv::Lane;

namespace {

constexpr Lane kLanes[] = {Lane::kCommit, Lane::kLog, Lane::kLogCare, Lane::kFlush,
                           Lane::kCompaction};

/// Jobs on all lanes that post more jobs; returns the order they ran in.
std::string run_workload(uint64_t seed, uint64_t& trace) {
    kv::FakeClock clock;
    DeterministicExecutor executor(seed, &clock);
    std::string order;
    for (int i = 0; i < 20; ++i) {
        for (const Lane lane : kLanes) {
            executor.post(lane, [&, lane] {
                order += static_cast<char>('a' + static_cast<int>(lane));
                executor.post_after(Lane::kLog, 5, [&] { order += '+'; });
            });
        }
    }
    executor.run_until_idle();
    while (executor.advance_to_next_delayed()) executor.run_until_idle();
    trace = executor.trace();
    return order;
}

}  // namespace

TEST_CASE("deterministic executor: idle with nothing posted") {
    DeterministicExecutor executor(1);
    CHECK_FALSE(executor.run_one());
    CHECK(executor.run_until_idle() == 0);
    CHECK_FALSE(executor.advance_to_next_delayed());
}

TEST_CASE("deterministic executor: a seed replays its schedule, another gives another") {
    const uint64_t seed = kv::test::test_seed();
    CAPTURE(seed);
    std::set<std::string> schedules;
    for (uint64_t i = 0; i < 20; ++i) {
        uint64_t first = 0, second = 0;
        const std::string order = run_workload(seed + i, first);
        REQUIRE(run_workload(seed + i, second) == order);
        REQUIRE(first == second);
        schedules.insert(order);
    }
    CHECK(schedules.size() == 20);
}

TEST_CASE("deterministic executor: the schedule of a seed is the same on every platform") {
    uint64_t trace = 0;
    CHECK(run_workload(42, trace).substr(0, 16) == "dbdeacadaecbdaba");
    CHECK(trace == 0xa3e473fbc7db6d84ULL);
}

TEST_CASE("deterministic executor: a lane runs its jobs in the order posted") {
    for (uint64_t seed = 0; seed < 50; ++seed) {
        DeterministicExecutor executor(seed);
        std::string log;
        for (char c = '0'; c <= '9'; ++c) {
            executor.post(Lane::kLog, [&log, c] { log += c; });
            executor.post(Lane::kCompaction, [] {});
        }
        CHECK(executor.queued(Lane::kLog) == 10);
        executor.run_until_idle();
        REQUIRE(log == "0123456789");
        REQUIRE(executor.steps() == 20);
    }
}

TEST_CASE("deterministic executor: wait runs jobs until the flag is set and no further") {
    DeterministicExecutor executor(3);
    std::atomic<uint32_t> flag{0};
    int later = 0;
    executor.post(Lane::kCommit, [&] {
        executor.post(Lane::kLog, [&] {
            executor.signal(flag);
            executor.post(Lane::kLog, [&] { ++later; });
        });
    });
    executor.wait(flag);
    CHECK(flag == 1);
    CHECK(later == 0);
    executor.wait(flag);  // already set: returns at once
    CHECK(executor.run_until_idle() == 1);
    CHECK(later == 1);
}

TEST_CASE("deterministic executor: a job that waits lets other lanes run, not its own") {
    for (uint64_t seed = 0; seed < 50; ++seed) {
        DeterministicExecutor executor(seed);
        std::atomic<uint32_t> flag{0};
        bool inside = false;
        bool reentered = false;
        executor.post(Lane::kFlush, [&] {
            inside = true;
            executor.wait(flag);
            inside = false;
        });
        executor.post(Lane::kFlush, [&] { reentered = inside; });
        for (int i = 0; i < 5; ++i) executor.post(Lane::kLog, [] {});
        executor.post(Lane::kLog, [&] { executor.signal(flag); });
        executor.run_until_idle();
        REQUIRE_FALSE(reentered);
        REQUIRE(flag == 1);
        REQUIRE(executor.steps() == 8);
    }
}

TEST_CASE("deterministic executor: delayed jobs follow the clock, earliest first") {
    kv::FakeClock clock;
    DeterministicExecutor executor(5, &clock);
    std::string order;
    executor.post_after(Lane::kCommit, 20, [&] { order += 'c'; });
    executor.post_after(Lane::kCommit, 10, [&] { order += 'a'; });
    executor.post_after(Lane::kCommit, 10, [&] { order += 'b'; });
    CHECK(executor.run_until_idle() == 0);
    CHECK(executor.delayed() == 3);
    clock.advance_ms(9);
    CHECK(executor.run_until_idle() == 0);
    clock.advance_ms(1);
    CHECK(executor.run_until_idle() == 2);
    clock.advance_ms(100);
    executor.run_until_idle();
    CHECK(order == "abc");
}

TEST_CASE("deterministic executor: wait moves time when only delayed jobs are left") {
    for (const bool with_clock : {false, true}) {
        kv::FakeClock clock;
        DeterministicExecutor executor(5, with_clock ? &clock : nullptr);
        const uint64_t start = clock.wall_ms();
        std::atomic<uint32_t> flag{0};
        executor.post_after(Lane::kLog, 250, [&] { executor.signal(flag); });
        executor.wait(flag);
        CHECK(flag == 1);
        CHECK(clock.wall_ms() - start == (with_clock ? 250U : 0U));
    }
}

TEST_CASE(
    "deterministic executor: a wait with an end runs jobs until the word changes or none is left") {
    DeterministicExecutor executor(1);
    std::atomic<uint32_t> word{0};
    int ran = 0;
    executor.wait_while_for(word, 0, 10);
    executor.post(Lane::kLog, [&] { ++ran; });
    executor.post_after(Lane::kLog, 5, [&] { ++ran; });
    executor.wait_while_for(word, 0, 10);
    CHECK(ran == 1);
    for (uint32_t i = 0; i < 3; ++i) executor.post(Lane::kLog, [&] { ++word; });
    executor.wait_while_for(word, 0, 10);
    CHECK(word == 1);
}

TEST_CASE("deterministic executor: jobs still queued are dropped with it") {
    const auto owned = std::make_shared<int>(1);
    bool ran = false;
    {
        DeterministicExecutor executor(1);
        executor.post(Lane::kLog, [&ran, owned] { ran = true; });
        executor.post_after(Lane::kLog, 1, [&ran, owned] { ran = true; });
        CHECK(owned.use_count() == 3);
    }
    CHECK_FALSE(ran);
    CHECK(owned.use_count() == 1);
}
