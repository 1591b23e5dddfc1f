// Merging histograms and reading percentiles out of them.
// SPDX-License-Identifier: Apache-2.0
#include "bench/histogram.h"

#include <algorithm>
#include <cmath>

namespace kv::bench {

void Histogram::merge(const Histogram& other) {
    for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
    std::fill(buckets_.begin(), buckets_.end(), 0);
    count_ = sum_ = max_ = 0;
}

uint64_t Histogram::percentile(double percent) const {
    if (count_ == 0) return 0;
    const auto wanted = static_cast<uint64_t>(
        std::max(1.0, std::ceil(percent / 100.0 * static_cast<double>(count_))));
    uint64_t seen = 0;
    for (size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen >= wanted) return std::min(bucket_last(i), max_);
    }
    return max_;
}

}  // namespace kv::bench
