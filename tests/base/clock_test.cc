// Clocks.
// SPDX-License-Identifier: Apache-2.0
#include "kv/clock.h"

#include <catch2/catch.hpp>

TEST_CASE("system clock: the wall clock is in this century, monotonic time does not go back") {
    const kv::Clock& clock = kv::system_clock();
    CHECK(clock.wall_ms() > 1'600'000'000'000);
    const uint64_t first = clock.monotonic_us();
    CHECK(clock.monotonic_us() >= first);
    CHECK(&kv::system_clock() == &clock);
}

TEST_CASE("fake clock: stands still until told to move") {
    kv::FakeClock clock(5000);
    CHECK(clock.wall_ms() == 5000);
    const uint64_t before = clock.monotonic_us();
    clock.advance_ms(3);
    CHECK(clock.wall_ms() == 5003);
    CHECK(clock.monotonic_us() == before + 3000);
}

TEST_CASE("clock: a wall time reads as a date and a time, leap days included") {
    CHECK(kv::utc_text(0) == "1970-01-01T00:00:00Z");
    CHECK(kv::utc_text(1'709'210'096'999) == "2024-02-29T12:34:56Z");
}
