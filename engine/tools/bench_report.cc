// Benchmark results: see bench_report.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_report.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace kv::tools {

namespace {

template <class... Args>
std::string format(const char* pattern, Args... args) {
    char buffer[512];
    const int length = std::snprintf(buffer, sizeof buffer, pattern, args...);
    return std::string(buffer, static_cast<size_t>(std::clamp(length, 0, 511)));
}

double micros(uint64_t ns) { return static_cast<double>(ns) / 1e3; }

double ops_per_second(const BenchResult& r) {
    return r.elapsed_seconds > 0 ? static_cast<double>(r.done) / r.elapsed_seconds : 0;
}

double micros_per_op(const BenchResult& r) {
    return r.thread_seconds * 1e6 / static_cast<double>(std::max<uint64_t>(r.done, 1));
}

double mib_per_second(const BenchResult& r) {
    return r.elapsed_seconds > 0 ? static_cast<double>(r.bytes) / 1048576.0 / r.elapsed_seconds : 0;
}

}  // namespace

uint32_t LatencyHistogram::bucket_of(uint64_t ns) {
    if (ns < kSubBuckets) return static_cast<uint32_t>(ns);
    const auto shift = static_cast<uint32_t>(std::bit_width(ns)) - 5;
    return (shift + 1) * kSubBuckets + static_cast<uint32_t>((ns >> shift) - kSubBuckets);
}

uint64_t LatencyHistogram::bucket_end(uint32_t bucket) {
    if (bucket < kSubBuckets) return bucket;
    const uint32_t shift = bucket / kSubBuckets - 1;
    const uint64_t first = uint64_t{kSubBuckets + bucket % kSubBuckets} << shift;
    return first + ((uint64_t{1} << shift) - 1);
}

void LatencyHistogram::add(uint64_t ns) {
    ++buckets_[bucket_of(ns)];
    ++count_;
    min_ = std::min(min_, ns);
    max_ = std::max(max_, ns);
    const auto value = static_cast<double>(ns);
    sum_ += value;
    sum_squares_ += value * value;
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
    for (uint32_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    sum_ += other.sum_;
    sum_squares_ += other.sum_squares_;
}

uint64_t LatencyHistogram::percentile_ns(double percent) const {
    const double wanted = percent / 100 * static_cast<double>(count_);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < kBuckets; ++i) {
        seen += buckets_[i];
        if (seen > 0 && static_cast<double>(seen) >= wanted) return std::min(bucket_end(i), max_);
    }
    return max_;
}

double LatencyHistogram::average_ns() const {
    return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

double LatencyHistogram::standard_deviation_ns() const {
    if (count_ == 0) return 0;
    const double mean = average_ns();
    return std::sqrt(std::max(0.0, sum_squares_ / static_cast<double>(count_) - mean * mean));
}

void Latencies::merge(const Latencies& other) {
    read.merge(other.read);
    write.merge(other.write);
}

void ThreadStats::add_latency(Operation operation, uint64_t at_ns, uint64_t ns) {
    latencies.of(operation).add(ns);
    if (interval_ns == 0) return;
    const uint64_t interval = at_ns / interval_ns;
    if (interval >= intervals.size()) intervals.resize(interval + 1);
    intervals[interval].of(operation).add(ns);
}

void BenchResult::add(const ThreadStats& thread) {
    done += thread.done;
    bytes += thread.bytes;
    written_bytes += thread.written_bytes;
    found += thread.found;
    thread_seconds += thread.seconds;
    latencies.merge(thread.latencies);
    if (intervals.size() < thread.intervals.size()) intervals.resize(thread.intervals.size());
    for (size_t i = 0; i < thread.intervals.size(); ++i) intervals[i].merge(thread.intervals[i]);
}

std::string format_result_line(const BenchResult& result) {
    std::string extra;
    if (result.bytes > 0) extra = format(" %6.1f MB/s", mib_per_second(result));
    if (!result.message.empty()) extra += " " + result.message;
    return format("%-12s : %11.3f micros/op %ld ops/sec %.3f seconds %llu operations;%s",
                  result.name.c_str(), micros_per_op(result),
                  static_cast<long>(ops_per_second(result)), result.elapsed_seconds,
                  static_cast<unsigned long long>(result.done), extra.c_str());
}

std::string format_histogram(const LatencyHistogram& latency, const std::string& operation) {
    return "Microseconds per " + operation + ":\n" +
           format("Count: %llu Average: %.4f  StdDev: %.2f\n",
                  static_cast<unsigned long long>(latency.count()), latency.average_ns() / 1e3,
                  latency.standard_deviation_ns() / 1e3) +
           format("Min: %.3f  Median: %.4f  Max: %.3f\n", micros(latency.min_ns()),
                  micros(latency.percentile_ns(50)), micros(latency.max_ns())) +
           format("Percentiles: P50: %.2f P75: %.2f P99: %.2f P99.9: %.2f P99.99: %.2f",
                  micros(latency.percentile_ns(50)), micros(latency.percentile_ns(75)),
                  micros(latency.percentile_ns(99)), micros(latency.percentile_ns(99.9)),
                  micros(latency.percentile_ns(99.99)));
}

namespace {

nlohmann::ordered_json latency_json(const LatencyHistogram& latency) {
    return {{"average", latency.average_ns() / 1e3},
            {"min", micros(latency.min_ns())},
            {"p50", micros(latency.percentile_ns(50))},
            {"p75", micros(latency.percentile_ns(75))},
            {"p99", micros(latency.percentile_ns(99))},
            {"p999", micros(latency.percentile_ns(99.9))},
            {"p9999", micros(latency.percentile_ns(99.99))},
            {"max", micros(latency.max_ns())}};
}

}  // namespace

std::string format_result_json(const BenchResult& result) {
    nlohmann::ordered_json json;
    json["benchmark"] = result.name;
    json["operations"] = result.done;
    json["micros_per_op"] = micros_per_op(result);
    json["ops_per_second"] = ops_per_second(result);
    json["seconds"] = result.elapsed_seconds;
    json["mib_per_second"] = mib_per_second(result);
    if (!result.message.empty()) json["message"] = result.message;
    if (result.latencies.read.count() > 0) {
        json["read_latency_us"] = latency_json(result.latencies.read);
    }
    if (result.latencies.write.count() > 0) {
        json["write_latency_us"] = latency_json(result.latencies.write);
    }
    return json.dump();
}

std::string interval_header() {
    return "benchmark,second,operation,operations,p50_us,p99_us,p999_us,p9999_us,max_us\n";
}

std::string format_intervals(const BenchResult& result, uint64_t interval_seconds) {
    std::string lines;
    const auto add = [&](size_t i, const char* operation, const LatencyHistogram& all,
                         const LatencyHistogram& now) {
        if (all.count() == 0) return;
        lines += format("%s,%llu,%s,%llu,%.1f,%.1f,%.1f,%.1f,%.1f\n", result.name.c_str(),
                        static_cast<unsigned long long>((i + 1) * interval_seconds), operation,
                        static_cast<unsigned long long>(now.count()), micros(now.percentile_ns(50)),
                        micros(now.percentile_ns(99)), micros(now.percentile_ns(99.9)),
                        micros(now.percentile_ns(99.99)), micros(now.max_ns()));
    };
    for (size_t i = 0; i < result.intervals.size(); ++i) {
        add(i, "read", result.latencies.read, result.intervals[i].read);
        add(i, "write", result.latencies.write, result.intervals[i].write);
    }
    return lines;
}

}  // namespace kv::tools
