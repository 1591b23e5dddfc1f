// Zipfian ranks: see bench_keys.h. Near theta = 1 the closed forms are 0/0, hence the quotients of
// expm1 and log1p, which stay exact there.
// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_keys.h"

#include <algorithm>
#include <cmath>

namespace kv::tools {

namespace {

double expm1_quotient(double x) { return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x / 2; }

double log1p_quotient(double x) { return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x / 2; }

/// In [0, 1), from the upper 53 bits.
double fraction(Random& random) { return static_cast<double>(random.next() >> 11) * 0x1p-53; }

}  // namespace

ZipfianRanks::ZipfianRanks(uint64_t count, double theta)
    : theta_(theta), count_(static_cast<double>(count)) {
    smallest_area_ = area(1.5) - 1;
    largest_area_ = area(count_ + 0.5);
    sure_distance_ = 2 - inverse_area(area(2.5) - height(2));
}

uint64_t ZipfianRanks::next(Random& random) const {
    for (;;) {
        const double at = largest_area_ + fraction(random) * (smallest_area_ - largest_area_);
        const double x = inverse_area(at);
        const double rank = std::clamp(std::floor(x + 0.5), 1.0, count_);
        if (rank - x <= sure_distance_ || at >= area(rank + 0.5) - height(rank)) {
            return static_cast<uint64_t>(rank);
        }
    }
}

double ZipfianRanks::area(double x) const {
    const double log = std::log(x);
    return expm1_quotient((1 - theta_) * log) * log;
}

double ZipfianRanks::inverse_area(double a) const {
    return std::exp(log1p_quotient(std::max(-1.0, a * (1 - theta_))) * a);
}

double ZipfianRanks::height(double x) const { return std::exp(-theta_ * std::log(x)); }

}  // namespace kv::tools
