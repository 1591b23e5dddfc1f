// server/descriptor_limit.h: what clients may have of the process's file descriptors.
// SPDX-License-Identifier: Apache-2.0
#include "server/descriptor_limit.h"

#include <catch2/catch.hpp>

#include "server/connection_census.h"

namespace kv::server {

TEST_CASE("descriptors: the store keeps a quarter, and two for each table where that is more") {
    StoreStats stats;
    CHECK(reserved_descriptors(100'000, 8, stats) == 25'000);
    stats.levels.resize(2);
    stats.levels[0].tables = 10;
    stats.levels[1].tables = 30'000;
    CHECK(reserved_descriptors(100'000, 8, stats) > 60'000);
    CHECK(reserved_descriptors(100'000, 8, stats) < 61'000);
    CHECK(reserved_descriptors(0, 8, {}) > 64);
}

TEST_CASE("descriptors: connections get what is left, those that are refused included") {
    constexpr uint64_t kRefused = ConnectionCensus::kPoliteRefusals;
    CHECK(connections_beside(256, 1024) == 1024 - 256 - kRefused);
    CHECK(connections_beside(256, 256 + kRefused + 1) == 1);
    CHECK(connections_beside(256, 256) == 1);
}

}  // namespace kv::server
