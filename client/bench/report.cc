// The reports of kvbench.
// SPDX-License-Identifier: Apache-2.0
#include "bench/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace kv::bench {

namespace {

double per_second(uint64_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

std::string durability_text(protocol::Durability level) {
    switch (level) {
        case protocol::Durability::kMemory:
            return "memory";
        case protocol::Durability::kOs:
            return "os";
        case protocol::Durability::kDisk:
            break;
    }
    return "disk";
}

double to_us(uint64_t ns) { return static_cast<double>(ns) / 1000; }

}  // namespace

std::string format_latency(uint64_t ns) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f ms", static_cast<double>(ns) / 1e6);
    return text;
}

std::string text_report(const Workload& workload, const Measurement& measurement) {
    char line[256];
    std::string out;
    std::snprintf(line, sizeof line,
                  "%u connections on %u threads, pipeline %u, %u-byte values, %s keys, "
                  "durability %s\n",
                  workload.connections, workload.threads, workload.pipeline, workload.value_bytes,
                  std::string(distribution_name(workload.distribution)).c_str(),
                  durability_text(workload.durability).c_str());
    out += line;
    std::snprintf(line, sizeof line, "%-6s %12s %12s %11s %11s %11s %11s\n", "", "operations",
                  "per second", "p50", "p99", "p99.9", "max");
    out += line;
    for (size_t i = 0; i < kOpKinds; ++i) {
        const Histogram& latency = measurement.latency_ns[i];
        if (latency.count() == 0) continue;
        std::snprintf(line, sizeof line, "%-6s %12llu %12.0f %11s %11s %11s %11s\n",
                      std::string(kOpNames[i]).c_str(),
                      static_cast<unsigned long long>(latency.count()),
                      per_second(latency.count(), measurement.seconds),
                      format_latency(latency.percentile(50)).c_str(),
                      format_latency(latency.percentile(99)).c_str(),
                      format_latency(latency.percentile(99.9)).c_str(),
                      format_latency(latency.max()).c_str());
        out += line;
    }
    std::snprintf(line, sizeof line, "all    %12llu %12.0f  in %.2f s\n",
                  static_cast<unsigned long long>(measurement.operations()),
                  per_second(measurement.operations(), measurement.seconds), measurement.seconds);
    out += line;
    if (measurement.misses > 0) {
        out += "reads of missing keys: " + std::to_string(measurement.misses) + "\n";
    }
    for (const auto& [name, count] : measurement.errors) {
        out += "errors: " + name + " " + std::to_string(count) + "\n";
    }
    return out;
}

std::string json_report(const Workload& workload, const Measurement& measurement) {
    nlohmann::json out = {
        {"threads", workload.threads},
        {"connections", workload.connections},
        {"pipeline", workload.pipeline},
        {"key_count", workload.key_count},
        {"key_bytes", workload.key_bytes},
        {"value_bytes", workload.value_bytes},
        {"distribution", distribution_name(workload.distribution)},
        {"read_ratio", workload.read_ratio},
        {"durability", durability_text(workload.durability)},
        {"seed", workload.seed},
        {"seconds", measurement.seconds},
        {"operations", measurement.operations()},
        {"per_second", per_second(measurement.operations(), measurement.seconds)},
        {"misses", measurement.misses},
        {"errors", measurement.errors},
    };
    for (size_t i = 0; i < kOpKinds; ++i) {
        const Histogram& latency = measurement.latency_ns[i];
        if (latency.count() == 0) continue;
        out[std::string(kOpNames[i])] = {
            {"operations", latency.count()},
            {"per_second", per_second(latency.count(), measurement.seconds)},
            {"mean_us", latency.mean() / 1000},
            {"p50_us", to_us(latency.percentile(50))},
            {"p99_us", to_us(latency.percentile(99))},
            {"p99_9_us", to_us(latency.percentile(99.9))},
            {"max_us", to_us(latency.max())},
        };
    }
    return out.dump();
}

}  // namespace kv::bench
