// Histogram: latencies in a few kilobytes, with a bounded relative error.
//
// Values up to 127 have a bucket each; above, each power of two is cut into 64 buckets, so a
// percentile is at most 1/64 too high. Recording is two shifts and an increment.
// Thread rule: one thread at a time; merge after the threads have ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kv::bench {

class Histogram {
  public:
    Histogram() : buckets_(kBucketCount) {}

    void record(uint64_t value) {
        ++buckets_[bucket_index(value)];
        ++count_;
        sum_ += value;
        if (value > max_) max_ = value;
    }
    void merge(const Histogram& other);
    void clear();

    uint64_t count() const { return count_; }
    uint64_t max() const { return max_; }
    double mean() const {
        return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
    }
    /// The smallest recorded value, to bucket precision, that `percent` of all values do not
    /// exceed; 0 when nothing was recorded. 0 < percent <= 100.
    uint64_t percentile(double percent) const;

    static constexpr size_t bucket_index(uint64_t value) {
        if (value < 2 * kSubBuckets) return static_cast<size_t>(value);
        const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kSubBits - 1;
        return (static_cast<size_t>(shift) << kSubBits) + static_cast<size_t>(value >> shift);
    }
    /// The largest value of a bucket.
    static constexpr uint64_t bucket_last(size_t index) {
        if (index < 2 * kSubBuckets) return index;
        const unsigned shift = static_cast<unsigned>(index >> kSubBits) - 1;
        const uint64_t top = (index & (kSubBuckets - 1)) + kSubBuckets;
        return ((top + 1) << shift) - 1;
    }

  private:
    static constexpr unsigned kSubBits = 6;
    static constexpr uint64_t kSubBuckets = 1ULL << kSubBits;
    static constexpr size_t kBucketCount = (64 - kSubBits + 1) << kSubBits;

    std::vector<uint64_t> buckets_;
    uint64_t count_ = 0;
    uint64_t sum_ = 0;
    uint64_t max_ = 0;
};

}  // namespace kv::bench
