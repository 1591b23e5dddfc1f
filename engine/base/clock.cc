// The machine's clocks.
// SPDX-License-Identifier: Apache-2.0
#include "kv/clock.h"

#include <chrono>
#include <cstdio>

namespace kv {
namespace {

class SystemClock final : public Clock {
  public:
    uint64_t wall_ms() const override {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        return static_cast<uint64_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    }
    uint64_t monotonic_us() const override {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        return static_cast<uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(now).count());
    }
};

}  // namespace

Clock& system_clock() {
    static SystemClock clock;
    return clock;
}

std::string utc_text(uint64_t unix_ms) {
    using namespace std::chrono;
    const sys_seconds at{seconds(unix_ms / 1000)};
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss time(at - day);
    char text[64];
    (void)std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ",
                        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                        static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                        static_cast<int>(time.minutes().count()),
                        static_cast<int>(time.seconds().count()));
    return text;
}

}  // namespace kv
