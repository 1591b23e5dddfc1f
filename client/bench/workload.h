// What kvbench is asked to do, and what its threads measure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "bench/histogram.h"
#include "bench/key_distribution.h"
#include "protocol/frame.h"

namespace kv::bench {

struct Workload {
    std::string address = "127.0.0.1:7480";
    uint32_t threads = 1;
    uint32_t connections = 50;  ///< In all.
    uint32_t pipeline = 1;      ///< Requests in flight on each connection.
    uint64_t requests = 0;      ///< In all, without the warm-up; 0: go by duration.
    uint64_t duration_ms = 10'000;
    uint64_t warmup_ms = 0;
    uint64_t key_count = 100'000;
    uint32_t key_bytes = 16;
    uint32_t value_bytes = 100;
    Distribution distribution = Distribution::kUniform;
    double read_ratio = 0.5;
    protocol::Durability durability = protocol::Durability::kDisk;
    uint64_t seed = 1;
    double zeta = 0;  ///< Of key_count, for the distributions that need it.
};

enum class OpKind : uint8_t { kRead, kWrite };
inline constexpr size_t kOpKinds = 2;
inline constexpr std::array<std::string_view, kOpKinds> kOpNames = {"read", "write"};

/// What one thread, or all of them, saw after the warm-up.
struct Measurement {
    std::array<Histogram, kOpKinds> latency_ns;  ///< Good answers only.
    uint64_t misses = 0;                         ///< Reads of keys that are not there.
    std::map<std::string, uint64_t> errors;      ///< By status name.
    double seconds = 0;

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
    void merge(const Measurement& other) {
        for (size_t i = 0; i < kOpKinds; ++i) latency_ns[i].merge(other.latency_ns[i]);
        misses += other.misses;
        for (const auto& [name, count] : other.errors) errors[name] += count;
    }
};

}  // namespace kv::bench
