// LogThrottle: for a line of the log about what may happen to every request. It goes out when that
// begins, and once a pause while it goes on, with how many were left out.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace kv {

class LogThrottle {
  public:
    explicit LogThrottle(uint64_t pause_us = 1'000'000) : pause_us_(pause_us) {}

    /// False: say nothing. True: the line may go out, with `suppressed` others unsaid before it.
    bool allow(uint64_t now_us, uint64_t& suppressed) {
        uint64_t next_us = next_us_.load(std::memory_order_relaxed);
        if (now_us < next_us || !next_us_.compare_exchange_strong(next_us, now_us + pause_us_)) {
            suppressed_.fetch_add(1, std::memory_order_relaxed);
            return false;
        }
        suppressed = suppressed_.exchange(0, std::memory_order_relaxed);
        return true;
    }

    /// What to put behind the line.
    static std::string tail(uint64_t suppressed) {
        if (suppressed == 0) return {};
        return " (and " + std::to_string(suppressed) + " more like it since the last line)";
    }

  private:
    const uint64_t pause_us_;
    std::atomic<uint64_t> next_us_{0};
    std::atomic<uint64_t> suppressed_{0};
};

}  // namespace kv
