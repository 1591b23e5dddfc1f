// Which keys a random benchmark asks for: all alike, or a few far more often than the rest.
//
// Zipfian ranks come from rejection-inversion (Hörmann and Derflinger, "Rejection-inversion to
// generate variates from monotone discrete distributions", 1996): no table to fill beforehand, a
// constant number of steps a draw. Ranks are scattered over the keys, so that popular keys are not
// neighbours. Thread rule: one object a thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/random.h"
#include "tools/bench_options.h"

namespace kv::tools {

/// Draws 1 to `count`, rank r with a share in proportion to r to the power of -theta.
class ZipfianRanks {
  public:
    /// Requires count > 0 and theta > 0.
    ZipfianRanks(uint64_t count, double theta);
    uint64_t next(Random& random) const;

  private:
    /// The integral of x^-theta from 1 to x, and its inverse.
    double area(double x) const;
    double inverse_area(double a) const;
    double height(double x) const;

    double theta_, count_;
    double smallest_area_, largest_area_;
    /// A draw this close to its rounded value is accepted without a look at the areas.
    double sure_distance_;
};

class KeyChooser {
  public:
    KeyChooser(const BenchOptions& options, uint64_t seed)
        : random_(seed),
          num_(options.num),
          zipfian_(options.key_dist == KeyDistribution::kZipfian),
          ranks_(options.num, options.zipf_theta) {}

    /// A key number below `num`.
    uint64_t next() {
        if (!zipfian_) return random_.below(num_);
        uint64_t rank = ranks_.next(random_);
        return splitmix64(rank) % num_;
    }
    /// For choices other than keys.
    Random& random() { return random_; }

  private:
    Random random_;
    uint64_t num_;
    bool zipfian_;
    ZipfianRanks ranks_;
};

}  // namespace kv::tools
