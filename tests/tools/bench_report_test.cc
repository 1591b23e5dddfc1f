// Result lines of kvtool bench, to the letter of db_bench, and the figures behind them.
// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_report.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "tools/bench_data.h"
#include "tools/bench_keys.h"

namespace kv::tools {

TEST_CASE("bench report: a result line is db_bench's") {
    BenchResult result;
    result.name = "fillrandom";
    result.done = 1'000'000;
    result.bytes = 116'000'000;
    result.elapsed_seconds = result.thread_seconds = 4.84;
    CHECK(format_result_line(result) ==
          "fillrandom   :       4.840 micros/op 206611 ops/sec 4.840 seconds 1000000 operations;"
          "   22.9 MB/s");
    result.name = "readwhilewriting";
    result.message = "(7 of 10 found)";
    result.thread_seconds = 8 * 4.84;
    CHECK(format_result_line(result) ==
          "readwhilewriting :      38.720 micros/op 206611 ops/sec 4.840 seconds 1000000 "
          "operations;   22.9 MB/s (7 of 10 found)");
}

TEST_CASE("bench report: a benchmark without bytes or operations prints no nonsense") {
    BenchResult result;
    result.name = "readmissing";
    CHECK(format_result_line(result) ==
          "readmissing  :       0.000 micros/op 0 ops/sec 0.000 seconds 0 operations;");
}

TEST_CASE("bench report: results of threads add up") {
    ThreadStats one, two;
    one.interval_ns = two.interval_ns = 1000;
    one.done = 10;
    one.seconds = 1;
    one.add_latency(Operation::kWrite, 500, 100);
    two.done = 30;
    two.seconds = 3;
    two.add_latency(Operation::kWrite, 2500, 300);
    BenchResult result;
    result.add(one);
    result.add(two);
    CHECK(result.done == 40);
    CHECK(result.thread_seconds == 4);
    CHECK(result.latencies.write.count() == 2);
    CHECK(result.latencies.write.min_ns() == 100);
    CHECK(result.latencies.write.max_ns() == 300);
    REQUIRE(result.intervals.size() == 3);
    CHECK(result.intervals[0].write.max_ns() == 100);
    CHECK(result.intervals[1].write.count() == 0);
    CHECK(result.intervals[2].write.max_ns() == 300);
    CHECK(result.latencies.read.count() == 0);
}

TEST_CASE("bench report: percentiles are within a sixteenth and never beyond the largest") {
    LatencyHistogram latency;
    CHECK(latency.percentile_ns(99) == 0);
    for (uint64_t ns = 1; ns <= 100'000; ++ns) latency.add(ns);
    for (const double percent : {1.0, 50.0, 99.0, 99.9}) {
        const double exact = percent * 1000;
        const auto got = static_cast<double>(latency.percentile_ns(percent));
        CHECK(got >= exact);
        CHECK(got <= exact * (1 + 1.0 / 16) + 1);
    }
    CHECK(latency.percentile_ns(100) == 100'000);
    CHECK(latency.average_ns() == Approx(50'000.5));
    latency.add(UINT64_MAX);
    CHECK(latency.percentile_ns(100) == UINT64_MAX);
}

TEST_CASE("bench data: keys are distinct, ordered by number and as long as asked") {
    std::string key, before;
    for (uint64_t i = 0; i < 1000; ++i) {
        make_bench_key(i * 7919, 16, key);
        CHECK(key.size() == 16);
        CHECK((i == 0 || before < key));
        before = key;
    }
    make_bench_key(0x010203, 2, key);
    CHECK(key == "\x02\x03");
}

TEST_CASE("bench data: values have the size asked, a value larger than the buffer included") {
    for (const uint32_t size : {0u, 1u, 100u, 3u << 20}) {
        ValueSource values(size, 0.5);
        for (int i = 0; i < 5; ++i) CHECK(values.next().size() == size);
    }
}

TEST_CASE("bench keys: zipfian ranks have the shares of the distribution") {
    constexpr uint64_t kCount = 1000, kDraws = 200'000;
    for (const double theta : {0.5, 0.99, 1.0, 1.5}) {
        const ZipfianRanks ranks(kCount, theta);
        Random random(11);
        std::vector<uint64_t> seen(kCount + 1);
        for (uint64_t i = 0; i < kDraws; ++i) ++seen.at(ranks.next(random));
        double sum = 0;
        for (uint64_t r = 1; r <= kCount; ++r) sum += std::pow(static_cast<double>(r), -theta);
        CAPTURE(theta);
        CHECK(seen[0] == 0);
        for (const uint64_t rank : {1, 2, 10, 100}) {
            const double share = std::pow(static_cast<double>(rank), -theta) / sum;
            const double wanted = share * kDraws;
            CHECK(std::abs(static_cast<double>(seen[rank]) - wanted) < 5 * std::sqrt(wanted) + 1);
        }
    }
    Random random(1);
    CHECK(ZipfianRanks(1, 0.99).next(random) == 1);
}

}  // namespace kv::tools
