// Histogram: buckets, percentiles, merging.
// SPDX-License-Identifier: Apache-2.0
#include "bench/histogram.h"

#include <catch2/catch.hpp>

namespace kv::bench {

TEST_CASE("histogram: buckets cover every value, in order, within a sixty-fourth") {
    for (uint64_t value : {0ULL, 1ULL, 127ULL, 128ULL, 129ULL, 1000ULL, 123'456'789ULL, ~0ULL}) {
        const size_t index = Histogram::bucket_index(value);
        INFO(value);
        CHECK(Histogram::bucket_last(index) >= value);
        CHECK((index == 0 || Histogram::bucket_last(index - 1) < value));
        CHECK(static_cast<double>(Histogram::bucket_last(index)) <=
              static_cast<double>(value) * (1 + 1.0 / 64));
    }
}

TEST_CASE("histogram: percentiles of a known set") {
    Histogram histogram;
    CHECK(histogram.percentile(50) == 0);
    for (uint64_t i = 1; i <= 100; ++i) histogram.record(i);
    CHECK(histogram.percentile(50) == 50);
    CHECK(histogram.percentile(99) == 99);
    CHECK(histogram.percentile(100) == 100);
    CHECK(histogram.max() == 100);
    CHECK(histogram.mean() == Approx(50.5));
}

TEST_CASE("histogram: merging adds up") {
    Histogram a;
    Histogram b;
    a.record(10);
    b.record(1'000'000);
    a.merge(b);
    CHECK(a.count() == 2);
    CHECK(a.percentile(50) == 10);
    CHECK(a.percentile(100) == 1'000'000);
}

}  // namespace kv::bench
