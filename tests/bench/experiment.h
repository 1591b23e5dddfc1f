// Experiments on the engine that need more control than a load gives: stores of an exact shape,
// the MANIFEST alone, the log alone. scripts/experiments runs them and draws what they print.
//
// Each works in a directory that is missing or empty, prints a header and rows of CSV to `out`, and
// progress to standard error. Caller: experiment_main.cc. Thread rule: one at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "kv/status.h"

namespace kv::bench {

struct ExperimentOptions {
    std::string db;
    /// The values of what is varied, in the order to be measured; their meaning is each one's own.
    std::vector<uint64_t> steps;
    uint64_t num = 0;     ///< Keys of the store that is read.
    uint64_t count = 0;   ///< Measured operations of each step.
    uint64_t rounds = 3;  ///< Of each step, of which the median counts.
    uint64_t seed = 1;
};

/// Gets from a store of one full level and so many tables of level 0 (the steps, ascending).
Status measure_level0(const ExperimentOptions& options, std::ostream& out);
/// Gets of absent keys against the filter bits a key (the steps).
Status measure_filters(const ExperimentOptions& options, std::ostream& out);
/// Edits of a MANIFEST with so many live files (the steps); the tables exist on paper only.
Status measure_manifest(const ExperimentOptions& options, std::ostream& out);
/// Opening a store of about so many small tables (the steps).
Status measure_open(const ExperimentOptions& options, std::ostream& out);
/// Replaying the log of a store that was never flushed, against the size of its values (the steps).
Status measure_replay(const ExperimentOptions& options, std::ostream& out);

inline void say(const std::string& line) { std::cerr << line << std::endl; }

/// Wall time since it was made.
class StopWatch {
  public:
    double seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }
    double us() const { return seconds() * 1e6; }
    double ms() const { return seconds() * 1e3; }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point began_ = Clock::now();
};

/// CPU time of the whole process since it was made.
class CpuWatch {
  public:
    double seconds() const { return static_cast<double>(std::clock() - began_) / CLOCKS_PER_SEC; }

  private:
    std::clock_t began_ = std::clock();
};

/// The smallest sample with at least `percent` of all at or below it; 0 without samples.
inline double percentile(std::vector<double> samples, double percent) {
    if (samples.empty()) return 0;
    std::sort(samples.begin(), samples.end());
    const double wanted = percent / 100 * static_cast<double>(samples.size());
    const auto at_or_below = static_cast<size_t>(wanted + 0.999999);
    return samples[std::clamp<size_t>(at_or_below, 1, samples.size()) - 1];
}
inline double median(std::vector<double> samples) { return percentile(std::move(samples), 50); }

}  // namespace kv::bench
