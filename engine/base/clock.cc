// The machine's clocks.
// SPDX-License-Identifier: Apache-2.0
#include "kv/clock.h"

#include <chrono>

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

}  // namespace kv
