// The measuring tools of kvbench: histogram and key distributions.
// SPDX-License-Identifier: Apache-2.0
#include "bench/histogram.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "bench/frame_template.h"
#include "bench/key_distribution.h"
#include "protocol/messages.h"

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

TEST_CASE("frame template: a copy is the request it says it is") {
    Workload workload;
    workload.key_bytes = 8;
    workload.value_bytes = 5;
    std::string out;
    FrameTemplate::put(workload).append(77, 123, out);
    FrameTemplate::get(workload).append(78, 9'999'999'999, out);
    protocol::FrameParser parser(protocol::FrameParser::Side::kServer,
                                 {protocol::kDefaultFrameBytes, 1, false});
    const auto put = parser.next(out);
    REQUIRE(put.outcome == protocol::FrameParser::Outcome::kFrame);
    CHECK(put.frame.header.request_id == 77);
    protocol::PutRequest message;
    REQUIRE(protocol::decode(put.frame.body, message).is_ok());
    CHECK(message.key == "00000123");
    CHECK(message.value.size() == 5);
    const auto get = parser.next(Bytes(out).substr(put.consumed));
    REQUIRE(get.outcome == protocol::FrameParser::Outcome::kFrame);
    CHECK(get.frame.header.request_id == 78);
    protocol::GetRequest read;
    REQUIRE(protocol::decode(get.frame.body, read).is_ok());
    CHECK(read.key == "99999999");
}

}  // namespace kv::bench
