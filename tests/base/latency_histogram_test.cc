// Latency histograms: base/latency_histogram.h.
// SPDX-License-Identifier: Apache-2.0
#include "base/latency_histogram.h"

#include <catch2/catch.hpp>
#include <memory>

using kv::LatencyHistogram;
using kv::LatencySummary;

TEST_CASE("latency histogram: empty says zero") {
    const auto histogram = std::make_unique<LatencyHistogram>();
    CHECK(histogram->summary().count == 0);
    CHECK(histogram->summary().max_us == 0);
}

TEST_CASE("latency histogram: buckets are in order, without gaps, an eighth wide at most") {
    for (size_t bucket = 0; bucket < 200; ++bucket) {
        CAPTURE(bucket);
        const uint64_t end = LatencyHistogram::bucket_end_us(bucket);
        REQUIRE(LatencyHistogram::bucket_of(end) == bucket);
        REQUIRE(LatencyHistogram::bucket_of(end + 1) == bucket + 1);
        const uint64_t next = LatencyHistogram::bucket_end_us(bucket + 1);
        REQUIRE(next - end <= 1 + end / 8);
    }
}

TEST_CASE("latency histogram: percentiles are right to an eighth, the maximum exactly") {
    const auto histogram = std::make_unique<LatencyHistogram>();
    for (uint64_t us = 1; us <= 1000; ++us) histogram->add(us);
    const LatencySummary summary = histogram->summary();
    CHECK(summary.count == 1000);
    CHECK(summary.max_us == 1000);
    CHECK(summary.p50_us >= 500);
    CHECK(summary.p50_us <= 563);
    CHECK(summary.p99_us >= 990);
    CHECK(summary.p999_us >= 999);
    CHECK(summary.p999_us <= 1000);
}

TEST_CASE("latency histogram: what is beyond all buckets still counts") {
    const auto histogram = std::make_unique<LatencyHistogram>();
    histogram->add(UINT64_MAX);
    CHECK(histogram->summary().p50_us > 0);
    CHECK(histogram->summary().max_us == UINT64_MAX);
}
