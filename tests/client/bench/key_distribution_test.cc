// Key distributions: bounds and shapes.
// SPDX-License-Identifier: Apache-2.0
#include "bench/traffic/key_distribution.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

namespace kv::bench {

TEST_CASE("key distribution: every key stays below the count") {
    for (const uint64_t count : {1ULL, 2ULL, 3ULL, 1000ULL}) {
        const double zeta = zipfian_zeta(count);
        for (const auto kind : {Distribution::kUniform, Distribution::kZipfian,
                                Distribution::kSequential, Distribution::kLatest}) {
            KeyChooser chooser(kind, count, 1, 0, zeta);
            for (int i = 0; i < 1000; ++i) {
                CHECK(chooser.next_for_read() < count);
                CHECK(chooser.next_for_write() < count);
            }
        }
    }
}

TEST_CASE("key distribution: zipfian favours few keys, uniform does not") {
    const auto hottest = [](Distribution kind) {
        KeyChooser chooser(kind, 1000, 1, 0, zipfian_zeta(1000));
        std::map<uint64_t, int> seen;
        for (int i = 0; i < 20'000; ++i) ++seen[chooser.next_for_read()];
        int most = 0;
        for (const auto& [key, count] : seen) most = std::max(most, count);
        return most;
    };
    CHECK(hottest(Distribution::kZipfian) > 1500);
    CHECK(hottest(Distribution::kUniform) < 100);
}

TEST_CASE("key distribution: sequential walks and wraps, latest reads what was just written") {
    KeyChooser sequential(Distribution::kSequential, 3, 1, 1, 0);
    CHECK(sequential.next_for_read() == 1);
    CHECK(sequential.next_for_read() == 2);
    CHECK(sequential.next_for_read() == 0);
    KeyChooser latest(Distribution::kLatest, 1000, 1, 0, zipfian_zeta(1000));
    CHECK(latest.next_for_write() == 0);
    CHECK(latest.next_for_write() == 1);
    int newest = 0;
    for (int i = 0; i < 1000; ++i) newest += latest.next_for_read() == 1 ? 1 : 0;
    CHECK(newest > 50);
}

TEST_CASE("key distribution: latest follows a newest key that grows beyond the count") {
    KeyChooser latest(Distribution::kLatest, 100, 1, 0, zipfian_zeta(100));
    latest.set_newest(149);
    for (int i = 0; i < 1000; ++i) {
        const uint64_t key = latest.next_for_read();
        CHECK(key >= 50);
        CHECK(key <= 149);
    }
}

}  // namespace kv::bench
