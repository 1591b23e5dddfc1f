// The key distributions of kvbench.
// SPDX-License-Identifier: Apache-2.0
#include "bench/traffic/key_distribution.h"

#include <algorithm>
#include <cmath>

namespace kv::bench {

namespace {

constexpr double kTheta = 0.99;
constexpr uint64_t kExactTerms = 10'000'000;

constexpr struct {
    Distribution distribution;
    std::string_view name;
} kNames[] = {{Distribution::kUniform, "uniform"},
              {Distribution::kZipfian, "zipfian"},
              {Distribution::kSequential, "sequential"},
              {Distribution::kLatest, "latest"}};

}  // namespace

std::optional<Distribution> parse_distribution(std::string_view name) {
    for (const auto& entry : kNames) {
        if (entry.name == name) return entry.distribution;
    }
    return std::nullopt;
}

std::string_view distribution_name(Distribution distribution) {
    return kNames[static_cast<size_t>(distribution)].name;
}

double zipfian_zeta(uint64_t count) {
    double sum = 0;
    const uint64_t exact = std::min(count, kExactTerms);
    for (uint64_t i = 1; i <= exact; ++i) sum += std::pow(static_cast<double>(i), -kTheta);
    if (count > exact) {
        sum += (std::pow(static_cast<double>(count), 1 - kTheta) -
                std::pow(static_cast<double>(exact), 1 - kTheta)) /
               (1 - kTheta);
    }
    return sum;
}

KeyChooser::KeyChooser(Distribution distribution, uint64_t key_count, uint64_t seed, uint64_t first,
                       double zeta)
    : distribution_(distribution),
      key_count_(key_count),
      random_(seed),
      position_(distribution == Distribution::kLatest ? key_count - 1 : first % key_count),
      zeta_(zeta) {
    if (distribution == Distribution::kZipfian || distribution == Distribution::kLatest) {
        const double zeta_two = 1 + std::pow(0.5, kTheta);
        alpha_ = 1 / (1 - kTheta);
        eta_ = (1 - std::pow(2.0 / static_cast<double>(key_count), 1 - kTheta)) /
               (1 - zeta_two / zeta_);
    }
}

uint64_t KeyChooser::zipfian_rank() {
    const double u = random_.fraction();
    const double uz = u * zeta_;
    if (uz < 1) return 0;
    if (uz < 1 + std::pow(0.5, kTheta)) return std::min<uint64_t>(1, key_count_ - 1);
    const auto rank = static_cast<uint64_t>(static_cast<double>(key_count_) *
                                            std::pow(eta_ * u - eta_ + 1, alpha_));
    return std::min(rank, key_count_ - 1);
}

uint64_t KeyChooser::next() {
    switch (distribution_) {
        case Distribution::kUniform:
            return random_.below(key_count_);
        case Distribution::kZipfian:
            return Random(zipfian_rank()).next() % key_count_;
        case Distribution::kSequential: {
            const uint64_t key = position_;
            position_ = position_ + 1 == key_count_ ? 0 : position_ + 1;
            return key;
        }
        case Distribution::kLatest: {
            const uint64_t rank = zipfian_rank();
            return position_ >= rank ? position_ - rank : position_ + key_count_ - rank;
        }
    }
    return 0;
}

uint64_t KeyChooser::next_for_read() { return next(); }

uint64_t KeyChooser::next_for_write() {
    if (distribution_ != Distribution::kLatest) return next();
    position_ = position_ + 1 == key_count_ ? 0 : position_ + 1;
    return position_;
}

void format_key(uint64_t index, size_t size, char* out) {
    for (size_t i = size; i-- > 0;) {
        out[i] = static_cast<char>('0' + index % 10);
        index /= 10;
    }
}

std::string value_noise(size_t size, uint64_t seed) {
    Random random(seed);
    std::string out(size, ' ');
    for (char& c : out) c = static_cast<char>('!' + random.below(94));
    return out;
}

}  // namespace kv::bench
