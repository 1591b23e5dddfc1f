// ArrivalSchedule: arrivals at their times and on their connections, by a clock that the test
// holds.
// SPDX-License-Identifier: Apache-2.0
#include "bench/traffic/arrival_schedule.h"

#include <catch2/catch.hpp>
#include <vector>

namespace kv::bench {

namespace {

constexpr uint64_t kStart = 5'000'000'000;
constexpr uint64_t kMs = 1'000'000;

std::vector<Arrival> all_due(ArrivalSchedule& schedule, uint64_t now_ns) {
    std::vector<Arrival> out;
    while (const auto arrival = schedule.take_due(now_ns)) out.push_back(*arrival);
    return out;
}

}  // namespace

TEST_CASE("arrival schedule: nothing is due before the start, the first arrival at it") {
    ArrivalSchedule schedule(1000, 1, 0, 1, kStart);
    CHECK(schedule.next_ns() == kStart);
    CHECK_FALSE(schedule.take_due(kStart - 1));
    CHECK(schedule.take_due(kStart) == Arrival{0, kStart});
    CHECK_FALSE(schedule.take_due(kStart));
    CHECK(schedule.next_ns() == kStart + kMs);
}

TEST_CASE("arrival schedule: connections take turns, evenly spaced") {
    ArrivalSchedule schedule(1000, 3, 0, 1, kStart);
    const std::vector<Arrival> expected = {
        {0, kStart}, {1, kStart + kMs}, {2, kStart + 2 * kMs}, {0, kStart + 3 * kMs}};
    CHECK(all_due(schedule, kStart + 3 * kMs) == expected);
}

TEST_CASE("arrival schedule: the parts of the threads make up the whole") {
    ArrivalSchedule even(1000, 3, 0, 2, kStart);  // connections 0 and 2
    ArrivalSchedule odd(1000, 3, 1, 2, kStart);   // connection 1
    CHECK(all_due(even, kStart + 5 * kMs) ==
          std::vector<Arrival>{
              {0, kStart}, {1, kStart + 2 * kMs}, {0, kStart + 3 * kMs}, {1, kStart + 5 * kMs}});
    CHECK(all_due(odd, kStart + 5 * kMs) ==
          std::vector<Arrival>{{0, kStart + kMs}, {0, kStart + 4 * kMs}});
}

TEST_CASE("arrival schedule: a standstill moves no due time") {
    ArrivalSchedule calm(500, 2, 0, 1, kStart);
    ArrivalSchedule stalled(500, 2, 0, 1, kStart);
    std::vector<Arrival> expected;
    for (uint64_t ms = 0; ms <= 2000; ++ms) {
        for (const Arrival& arrival : all_due(calm, kStart + ms * kMs)) expected.push_back(arrival);
    }
    CHECK(expected.size() == 1001);
    CHECK(all_due(stalled, kStart + 2000 * kMs) == expected);
}

TEST_CASE("arrival schedule: a rate that divides no second does not drift") {
    ArrivalSchedule schedule(7, 1, 0, 1, 0);
    std::vector<Arrival> due = all_due(schedule, 3'600'000'000'000);
    REQUIRE(due.size() == 7 * 3600 + 1);
    CHECK(due.back().due_ns == 3'600'000'000'000);
}

}  // namespace kv::bench
