// A small generator with the same results on every platform, for skip-list heights, schedules and
// tests. Not for secrets. SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
// generators", 2014.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kv {

/// Advances `state` and returns 64 well-mixed bits. Any state is a good one, 0 included.
constexpr uint64_t splitmix64(uint64_t& state) {
    state += 0x9E3779B97F4A7C15ULL;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

class Random {
  public:
    explicit constexpr Random(uint64_t seed) : state_(seed) {}

    constexpr uint64_t next() { return splitmix64(state_); }
    /// A number in [0, bound). Requires bound > 0. The bias is below bound / 2^64.
    constexpr uint64_t below(uint64_t bound) { return next() % bound; }
    /// A number in [low, high], both included. Requires low <= high and not the full 64-bit range.
    constexpr uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }
    /// True once in `n` on average. Requires n > 0.
    constexpr bool one_in(uint64_t n) { return below(n) == 0; }

  private:
    uint64_t state_;
};

}  // namespace kv
