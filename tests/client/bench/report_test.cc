// What kvbench prints, and the server's CPU time that it prints.
// SPDX-License-Identifier: Apache-2.0
#include "bench/report.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "bench/server_cpu.h"

namespace kv::bench {

namespace {

Measurement some_measurement() {
    Measurement measurement;
    for (uint64_t i = 1; i <= 100; ++i) measurement.latency_ns[0].record(i * 1000);
    measurement.seconds = 2;
    return measurement;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("report: a closed loop says that it is not corrected, an open one that it is") {
    Workload workload;
    CHECK(contains(text_report(workload, some_measurement()),
                   "not corrected for coordinated omission"));
    workload.rate = 500;
    const std::string open = text_report(workload, some_measurement());
    CHECK(contains(open, "open loop, 500 operations a second"));
    CHECK_FALSE(contains(open, "not corrected"));
}

TEST_CASE("report: shows what went wrong only where something did") {
    Measurement measurement = some_measurement();
    const std::string good = text_report({}, measurement);
    CHECK(contains(good, "p99.99"));
    for (const char* word : {"errors", "refused", "not sent", "CPU", "missing"}) {
        CHECK_FALSE(contains(good, word));
    }
    measurement.errors["io_error"] = 3;
    measurement.overloaded = 4;
    measurement.not_sent = 5;
    measurement.misses = 6;
    const std::string bad = text_report({}, measurement);
    CHECK(contains(bad, "errors: io_error 3\n"));
    CHECK(contains(bad, "overloaded: 4\n"));
    CHECK(contains(bad, "before the end: 5,"));
    CHECK(contains(bad, "missing keys: 6\n"));
    CHECK(measurement.error_count() == 3);
}

TEST_CASE("report: the JSON holds the same") {
    Measurement measurement = some_measurement();
    measurement.overloaded = 100;
    measurement.errors["ERR"] = 1;
    measurement.server_cpu_us = 402;
    Workload workload;
    workload.protocol = Protocol::kResp;
    const auto json = nlohmann::json::parse(
        json_report(workload, measurement, {Code::kUnavailable, "not UTF-8: \xff"}));
    CHECK(json["operations"] == 100);
    CHECK(json["per_second"] == 50);
    CHECK(json["overloaded"] == 100);
    CHECK(json["errors"]["ERR"] == 1);
    CHECK(json["server_cpu_us"] == 2);
    CHECK(json["protocol"] == "resp");
    CHECK(json["corrected_for_coordinated_omission"] == false);
    CHECK(json["read"]["p50_us"].get<double>() == Approx(50).epsilon(0.02));
    CHECK(json["read"].contains("p99_99_us"));
    CHECK_FALSE(json.contains("write"));
    CHECK(json["first_error"].get<std::string>().starts_with("unavailable: not UTF-8"));
}

TEST_CASE("server cpu: user and system time behind a name with anything in it") {
    CHECK(parse_cpu_ticks("1 (a) b) S 1 2 3 4 5 6 7 8 9 10 70 5 0 0 20 0") == 75);
    CHECK_FALSE(parse_cpu_ticks("1 (kvd) S 1 2 3"));
    CHECK_FALSE(parse_cpu_ticks("1 (kvd) S 1 2 3 4 5 6 7 8 9 10 x 5 0 0"));
    CHECK_FALSE(parse_cpu_ticks(""));
    CHECK(process_cpu_us(::getpid()).is_ok());
    CHECK(process_cpu_us(1LL << 40).status().is(Code::kNotFound));
}

}  // namespace kv::bench
