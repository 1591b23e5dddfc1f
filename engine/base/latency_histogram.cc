// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "base/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace kv {

namespace {

constexpr int kSubBits = 3;  // eight buckets a power of two

}  // namespace

size_t LatencyHistogram::bucket_of(uint64_t us) {
    if (us < (1U << kSubBits)) return us;
    const auto power = static_cast<int>(std::bit_width(us)) - 1;
    const auto sub = static_cast<size_t>(us >> (power - kSubBits)) & ((1U << kSubBits) - 1);
    const size_t bucket = (static_cast<size_t>(power - kSubBits + 1) << kSubBits) + sub;
    return std::min(bucket, kBuckets - 1);
}

uint64_t LatencyHistogram::bucket_end_us(size_t bucket) {
    if (bucket < (1U << kSubBits)) return bucket;
    const size_t shift = (bucket >> kSubBits) - 1;
    const uint64_t sub = bucket & ((1U << kSubBits) - 1);
    return (((1ULL << kSubBits) + sub + 1) << shift) - 1;
}

LatencySummary LatencyHistogram::summary() const {
    std::array<uint64_t, kBuckets> counts;
    LatencySummary result;
    for (size_t i = 0; i < kBuckets; ++i) {
        counts[i] = buckets_[i].load(std::memory_order_relaxed);
        result.count += counts[i];
    }
    if (result.count == 0) return result;
    result.max_us = max_us_.load(std::memory_order_relaxed);
    const auto percentile = [&](uint64_t per_mille) {
        // The smallest value that so many of a thousand do not exceed.
        const uint64_t rank = (result.count * per_mille + 999) / 1000;
        uint64_t seen = 0;
        for (size_t i = 0; i < kBuckets; ++i) {
            seen += counts[i];
            if (seen >= rank) return std::min(bucket_end_us(i), result.max_us);
        }
        return result.max_us;
    };
    result.p50_us = percentile(500);
    result.p99_us = percentile(990);
    result.p999_us = percentile(999);
    return result;
}

}  // namespace kv
