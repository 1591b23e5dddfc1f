// LatencyHistogram: how long something took, counted by size, cheap enough for every commit group.
// Each power of two is cut into eight buckets, so a percentile is right to 12.5 %.
// Thread rule: any thread; counts are relaxed, so a summary taken meanwhile may miss the latest.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace kv {

/// Microseconds. All zero when nothing was counted.
struct LatencySummary {
    uint64_t count = 0;
    uint64_t p50_us = 0, p99_us = 0, p999_us = 0, max_us = 0;
};

class LatencyHistogram {
  public:
    void add(uint64_t us) {
        buckets_[bucket_of(us)].fetch_add(1, std::memory_order_relaxed);
        uint64_t most = max_us_.load(std::memory_order_relaxed);
        while (us > most && !max_us_.compare_exchange_weak(most, us, std::memory_order_relaxed)) {
        }
    }
    LatencySummary summary() const;

    /// Number of the bucket that counts `us`, and the largest value that it counts.
    static size_t bucket_of(uint64_t us);
    static uint64_t bucket_end_us(size_t bucket);

  private:
    static constexpr size_t kBuckets = 320;  // up to 2^40 us, twelve days; beyond: the last
    std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
    std::atomic<uint64_t> max_us_{0};
};

}  // namespace kv
