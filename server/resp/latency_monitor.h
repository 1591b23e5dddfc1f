// LatencyMonitor: moments at which something took long, by kind of event (LATENCY). Off until a
// threshold is set.
// Thread rule: every method from any thread; while off, or when quick, an event costs one load.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "kv/bytes.h"

namespace kv::server {

class LatencyMonitor {
  public:
    struct Sample {
        uint64_t unix_s = 0;
        uint64_t ms = 0;
    };
    struct Event {
        std::string name;
        uint64_t max_ms = 0;         ///< Since the last reset, also of samples that are gone.
        std::deque<Sample> samples;  ///< Oldest first, never empty; the worst of each second.
    };
    static constexpr size_t kMostSamples = 160;

    /// Notes what took at least threshold_ms(). `event`: "command", or "fast-command" for one with
    /// command_flag::kFast.
    void consider(Bytes event, uint64_t took_us, uint64_t wall_ms) {
        const uint64_t limit_ms = threshold_ms();
        if (limit_ms == 0 || took_us < limit_ms * 1000) [[likely]]
            return;
        note(event, took_us / 1000, wall_ms / 1000);
    }

    /// Sorted by name.
    std::vector<Event> events() const;
    /// False: nothing of that name was noted.
    bool find(Bytes name, Event& event) const;
    void clear();
    /// False: there was nothing.
    bool clear(Bytes name);

    /// 0: off.
    uint64_t threshold_ms() const { return threshold_ms_.load(std::memory_order_relaxed); }
    void set_threshold_ms(uint64_t ms) { threshold_ms_ = ms; }

  private:
    void note(Bytes event, uint64_t ms, uint64_t unix_s);

    std::atomic<uint64_t> threshold_ms_{0};
    mutable std::mutex mutex_;
    std::map<std::string, Event, std::less<>> events_;  // guarded by mutex_
};

}  // namespace kv::server
