// What a benchmark measured, and how it is printed: db_bench's result line to the letter, so that
// scripts that read one read the other.
// Thread rule: each thread fills its own ThreadStats; they are merged when all have ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

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

/// What one thread did.
struct ThreadStats {
    uint64_t done = 0;
    uint64_t bytes = 0;  ///< Keys and values moved.
    uint64_t found = 0;
    double seconds = 0;  ///< From the thread's first operation to its last.
    LatencyHistogram latency;
};

/// What all threads of one benchmark did.
struct BenchResult {
    std::string name;
    double elapsed_seconds = 0;  ///< Wall time from the first start to the last end.
    double thread_seconds = 0;   ///< Sum over the threads, which micros/op is made of.
    uint64_t done = 0, bytes = 0, found = 0;
    std::string message;  ///< Such as "(632 of 1000 found)".
    LatencyHistogram latency;

    void add(const ThreadStats& thread);
};

/// `fillrandom   :       4.840 micros/op 206611 ops/sec 4.840 seconds 1000000 operations; ...`
std::string format_result_line(const BenchResult& result);
/// db_bench's three lines of a histogram: count, min to max, percentiles. `operation`: "write".
std::string format_histogram(const LatencyHistogram& latency, const std::string& operation);
/// One JSON object, on one line.
std::string format_result_json(const BenchResult& result);

}  // namespace kv::tools
