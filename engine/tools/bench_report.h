// What a benchmark measured, and how it is printed: db_bench's result line to the letter, so that
// scripts that read one read the other.
// Thread rule: each thread fills its own ThreadStats; they are merged when all have ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace kv::tools {

/// Latencies in nanoseconds, in buckets at most 1/16 wide relative to their value.
class LatencyHistogram {
  public:
    void add(uint64_t ns);
    void merge(const LatencyHistogram& other);
    uint64_t count() const { return count_; }
    /// The smallest bucket end with at least `percent` of all samples at or below it, never above
    /// the largest sample; 0 without samples.
    uint64_t percentile_ns(double percent) const;
    uint64_t min_ns() const { return count_ == 0 ? 0 : min_; }
    uint64_t max_ns() const { return max_; }
    double average_ns() const;
    double standard_deviation_ns() const;

  private:
    static constexpr uint32_t kSubBuckets = 16;
    static constexpr uint32_t kBuckets = 61 * kSubBuckets;
    static uint32_t bucket_of(uint64_t ns);
    static uint64_t bucket_end(uint32_t bucket);

    std::array<uint64_t, kBuckets> buckets_{};
    uint64_t count_ = 0, min_ = UINT64_MAX, max_ = 0;
    double sum_ = 0, sum_squares_ = 0;
};

enum class Operation : uint8_t { kRead, kWrite };

struct Latencies {
    LatencyHistogram read, write;

    LatencyHistogram& of(Operation operation) {
        return operation == Operation::kRead ? read : write;
    }
    void merge(const Latencies& other);
};

/// What one thread did.
struct ThreadStats {
    uint64_t done = 0;
    uint64_t bytes = 0;          ///< Keys and values moved.
    uint64_t written_bytes = 0;  ///< Keys and values given to the store to write.
    uint64_t found = 0;
    double seconds = 0;  ///< From the thread's first operation to its last.
    Latencies latencies;
    uint64_t interval_ns = 0;          ///< 0: `intervals` stays empty.
    std::vector<Latencies> intervals;  ///< One for each interval since the start.

    /// An operation that ended `at_ns` after the thread's start.
    void add_latency(Operation operation, uint64_t at_ns, uint64_t ns);
};

/// What all threads of one benchmark did.
struct BenchResult {
    std::string name;
    double elapsed_seconds = 0;  ///< Wall time from the first start to the last end.
    double thread_seconds = 0;   ///< Sum over the threads, which micros/op is made of.
    uint64_t done = 0, bytes = 0, written_bytes = 0, found = 0;
    std::string message;  ///< Such as "(632 of 1000 found)".
    Latencies latencies;
    std::vector<Latencies> intervals;

    void add(const ThreadStats& thread);
};

/// `fillrandom   :       4.840 micros/op 206611 ops/sec 4.840 seconds 1000000 operations; ...`
std::string format_result_line(const BenchResult& result);
/// db_bench's three lines of a histogram: count, min to max, percentiles. `operation`: "write".
std::string format_histogram(const LatencyHistogram& latency, const std::string& operation);
/// One JSON object, on one line.
std::string format_result_json(const BenchResult& result);
/// The names of the columns of format_intervals, and its lines, ended each: one for an interval
/// and kind of operation that took place in the benchmark.
std::string interval_header();
std::string format_intervals(const BenchResult& result, uint64_t interval_seconds);

}  // namespace kv::tools
