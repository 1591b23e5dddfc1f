// What the threads of kvbench measure.
// Thread rule: one thread at a time; merge after the threads have ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bench/histogram.h"
#include "bench/traffic/operation_mix.h"

namespace kv::bench {

/// What one thread, or all of them, saw after the warm-up.
struct Measurement {
    std::array<Histogram, kOpKinds> latency_ns;  ///< Good answers only.
    uint64_t misses = 0;                         ///< Reads of keys that are not there.
    /// The server asked to come again later: `overloaded`, or -BUSY over RESP. Not an error.
    uint64_t overloaded = 0;
    std::map<std::string, uint64_t>
        errors;             ///< By status name, over RESP by the error's first word.
    uint64_t not_sent = 0;  ///< Open loop: due before the end, yet never sent.
    double seconds = 0;
    std::optional<double> server_cpu_us;  ///< User and system time that the server used meanwhile.

    uint64_t operations() const {
        uint64_t sum = 0;
        for (const Histogram& histogram : latency_ns) sum += histogram.count();
        return sum;
    }
    uint64_t error_count() const {
        uint64_t sum = 0;
        for (const auto& [name, count] : errors) sum += count;
        return sum;
    }
    /// All but the times, which do not add up.
    void merge(const Measurement& other) {
        for (size_t i = 0; i < kOpKinds; ++i) latency_ns[i].merge(other.latency_ns[i]);
        misses += other.misses;
        overloaded += other.overloaded;
        not_sent += other.not_sent;
        for (const auto& [name, count] : other.errors) errors[name] += count;
    }
};

}  // namespace kv::bench
