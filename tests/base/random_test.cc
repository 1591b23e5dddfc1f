// The generator must give the same numbers everywhere, or seeds mean nothing.
// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <catch2/catch.hpp>

TEST_CASE("random: the published SplitMix64 sequence") {
    kv::Random random(1234567);
    CHECK(random.next() == 6457827717110365317ULL);
    CHECK(random.next() == 3203168211198807973ULL);
    CHECK(random.next() == 9817491932198370423ULL);
}

TEST_CASE("random: ranges include their ends and nothing beyond") {
    kv::Random random(1);
    bool low = false, high = false;
    for (int i = 0; i < 1000; ++i) {
        CHECK(random.below(1) == 0);
        const uint64_t value = random.between(3, 5);
        REQUIRE(value >= 3);
        REQUIRE(value <= 5);
        low = low || value == 3;
        high = high || value == 5;
    }
    CHECK(low);
    CHECK(high);
    CHECK(random.one_in(1));
}
