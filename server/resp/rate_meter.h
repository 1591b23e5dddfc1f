// RateMeter: how fast a count grows, told to whoever asks now and then (INFO's
// instantaneous_ops_per_sec). It needs no timer: the rate is that since an earlier question.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>

namespace kv::server {

class RateMeter {
  public:
    /// Growth per second, over at least the second before the latest question that came that late.
    uint64_t per_second(uint64_t now_us, uint64_t total) {
        const std::lock_guard lock(mutex_);
        if (total < total_) total_ = 0;  // the count was reset
        const uint64_t passed_us = now_us - at_us_;
        if (passed_us < kGrainUs) return rate_;
        rate_ = (total - total_) * 1'000'000 / passed_us;
        at_us_ = now_us;
        total_ = total;
        return rate_;
    }

  private:
    static constexpr uint64_t kGrainUs = 1'000'000;

    std::mutex mutex_;
    uint64_t at_us_ = 0;  // guarded by mutex_, as all of them
    uint64_t total_ = 0;
    uint64_t rate_ = 0;
};

}  // namespace kv::server
