// Clock: the only source of time in the engine, so that tests decide what time it is.
// Thread rule: every method may be called from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace kv {

class Clock {
  public:
    virtual ~Clock() = default;
    /// Milliseconds since the Unix epoch; may jump when an operator sets the clock.
    virtual uint64_t wall_ms() const = 0;
    /// Microseconds since an arbitrary start; never goes back.
    virtual uint64_t monotonic_us() const = 0;
};

/// The machine's clocks. Lives for the whole process.
Clock& system_clock();

/// Time for tests: stands still until told to move.
class FakeClock final : public Clock {
  public:
    explicit FakeClock(uint64_t wall_ms = 1'000'000) : us_(wall_ms * 1000) {}
    uint64_t wall_ms() const override { return us_.load() / 1000; }
    uint64_t monotonic_us() const override { return us_.load(); }
    void advance_ms(uint64_t ms) { us_ += ms * 1000; }

  private:
    std::atomic<uint64_t> us_;
};

/// A wall time for people and logs, to the second: 2026-11-27T09:30:00Z.
std::string utc_text(uint64_t unix_ms);

}  // namespace kv
