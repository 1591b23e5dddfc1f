// RareLine: a line of the log about what may happen to every request: it goes out when that begins,
// and every ten seconds while it goes on, with how many were left out.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace kv::db {

class RareLine {
  public:
    /// What goes into the log now, if anything does.
    std::string text_at(uint64_t now_us, std::string_view text) {
        uint64_t next_us = next_us_.load(std::memory_order_relaxed);
        if (now_us < next_us || !next_us_.compare_exchange_strong(next_us, now_us + kPauseUs)) {
            unsaid_.fetch_add(1, std::memory_order_relaxed);
            return {};
        }
        std::string line(text);
        if (const uint64_t unsaid = unsaid_.exchange(0, std::memory_order_relaxed); unsaid != 0)
            line += " (" + std::to_string(unsaid) + " more since the last such line)";
        return line;
    }

  private:
    static constexpr uint64_t kPauseUs = 10'000'000;

    std::atomic<uint64_t> next_us_{0};
    std::atomic<uint64_t> unsaid_{0};
};

}  // namespace kv::db
