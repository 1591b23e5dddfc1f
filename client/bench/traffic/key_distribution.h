// Which key a benchmark touches next, and how keys and values look.
//
// The same seed gives the same sequence. Zipfian follows Gray et al., "Quickly Generating
// Billion-Record Synthetic Databases" (SIGMOD 1994), with theta 0.99, its ranks scattered over the
// key space by a hash; "latest" is zipfian counted back from the newest key, which writes move on.
// Thread rule: one generator a thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kv::bench {

enum class Distribution : uint8_t { kUniform, kZipfian, kSequential, kLatest };

/// "uniform", "zipfian", "sequential" or "latest"; nullopt for any other word.
std::optional<Distribution> parse_distribution(std::string_view name);
std::string_view distribution_name(Distribution distribution);

/// splitmix64: small, fast, good enough to spread keys.
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next() {
        uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }
    /// In [0, bound), bound > 0.
    uint64_t below(uint64_t bound) {
        return static_cast<uint64_t>((static_cast<__uint128_t>(next()) * bound) >> 64);
    }
    /// In [0, 1).
    double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  private:
    uint64_t state_;
};

class KeyChooser {
  public:
    /// Sequential choosers walk `key_count` keys from `first` on, wrapping round: give each thread
    /// its own slice by `first`. `zeta` is zipfian_zeta(key_count); unused for uniform and
    /// sequential.
    KeyChooser(Distribution distribution, uint64_t key_count, uint64_t seed, uint64_t first,
               double zeta);

    uint64_t next_for_read();
    uint64_t next_for_write();
    /// Latest only: reads count back from `key` from now on, which may be above `key_count`.
    void set_newest(uint64_t key) { position_ = key; }

  private:
    uint64_t zipfian_rank();
    uint64_t next();

    Distribution distribution_;
    uint64_t key_count_;
    Random random_;
    uint64_t position_;  // sequential: next key; latest: newest key
    double zeta_;
    double alpha_ = 0;
    double eta_ = 0;
};

/// The sum of 1/i^0.99 for i = 1..count, with the tail beyond ten million terms taken from the
/// integral. Linear in count up to there: compute it once.
double zipfian_zeta(uint64_t count);

/// Writes `index` as decimal digits, zero-padded to exactly `size` bytes; the low digits win when
/// `size` is too small for it.
void format_key(uint64_t index, size_t size, char* out);
/// A value of `size` printable bytes that hardly compresses.
std::string value_noise(size_t size, uint64_t seed);

}  // namespace kv::bench
