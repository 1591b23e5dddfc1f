// The reports of kvbench.
// SPDX-License-Identifier: Apache-2.0
#include "bench/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace kv::bench {

namespace {

struct Percentile {
    double percent;
    const char* title;
    const char* json_name;
};
constexpr Percentile kPercentiles[] = {{50, "p50", "p50_us"},
                                       {99, "p99", "p99_us"},
                                       {99.9, "p99.9", "p99_9_us"},
                                       {99.99, "p99.99", "p99_99_us"}};

template <class... Args>
std::string format(const char* pattern, Args... args) {
    char text[256];
    std::snprintf(text, sizeof text, pattern, args...);
    return text;
}

unsigned long long wide(uint64_t value) { return value; }

double per_second(uint64_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

std::string durability_text(const Workload& workload) {
    if (workload.protocol == Protocol::kResp) return "as the server is set";
    switch (workload.durability) {
        case protocol::Durability::kMemory:
            return "memory";
        case protocol::Durability::kOs:
            return "os";
        case protocol::Durability::kDisk:
            break;
    }
    return "disk";
}

const char* protocol_text(const Workload& workload) {
    return workload.protocol == Protocol::kResp ? "resp" : "native";
}

double to_us(uint64_t ns) { return static_cast<double>(ns) / 1000; }

// Those that were refused cost the server something too.
std::optional<double> cpu_per_operation_us(const Measurement& measurement) {
    const uint64_t answered =
        measurement.operations() + measurement.overloaded + measurement.error_count();
    if (!measurement.server_cpu_us || answered == 0) return std::nullopt;
    return *measurement.server_cpu_us / static_cast<double>(answered);
}

std::string heading(const Workload& workload) {
    std::string out;
    if (workload.readers + workload.writers > 0) {
        out = format("%u reading and %u writing connections", workload.readers, workload.writers);
    } else {
        out = format("%u connections", workload.connections);
    }
    out += format(" on %u threads, %s protocol, pipeline %u, %u-byte values, ", workload.threads,
                  protocol_text(workload), workload.pipeline, workload.value_bytes);
    if (!workload.ycsb.empty()) out += "workload " + workload.ycsb + ", ";
    out += std::string(distribution_name(workload.distribution)) + " keys, durability " +
           durability_text(workload) + "\n";
    if (workload.rate == 0) {
        return out +
               "closed loop: latency counts from the send, not corrected for coordinated "
               "omission\n";
    }
    return out + format(
                     "open loop, %llu operations a second: latency counts from the intended send "
                     "time, corrected for coordinated omission\n",
                     wide(workload.rate));
}

std::string table(const Measurement& measurement) {
    std::string out = format("%-17s %12s %12s", "", "operations", "per second");
    for (const Percentile& each : kPercentiles) out += format(" %11s", each.title);
    out += format(" %11s\n", "max");
    for (size_t i = 0; i < kOpKinds; ++i) {
        const Histogram& latency = measurement.latency_ns[i];
        if (latency.count() == 0) continue;
        out += format("%-17s %12llu %12.0f", std::string(kOpNames[i]).c_str(),
                      wide(latency.count()), per_second(latency.count(), measurement.seconds));
        for (const Percentile& each : kPercentiles) {
            out += format(" %11s", format_latency(latency.percentile(each.percent)).c_str());
        }
        out += format(" %11s\n", format_latency(latency.max()).c_str());
    }
    out += format("%-17s %12llu %12.0f  in %.2f s\n", "all", wide(measurement.operations()),
                  per_second(measurement.operations(), measurement.seconds), measurement.seconds);
    return out;
}

nlohmann::json latency_json(const Histogram& latency, double seconds) {
    nlohmann::json out = {{"operations", latency.count()},
                          {"per_second", per_second(latency.count(), seconds)},
                          {"mean_us", latency.mean() / 1000},
                          {"max_us", to_us(latency.max())}};
    for (const Percentile& each : kPercentiles) {
        out[each.json_name] = to_us(latency.percentile(each.percent));
    }
    return out;
}

nlohmann::json workload_json(const Workload& workload) {
    return {
        {"protocol", protocol_text(workload)},
        {"threads", workload.threads},
        {"connections", workload.connections},
        {"readers", workload.readers},
        {"writers", workload.writers},
        {"pipeline", workload.pipeline},
        {"rate", workload.rate},
        {"loop", workload.rate == 0 ? "closed" : "open"},
        {"corrected_for_coordinated_omission", workload.rate != 0},
        {"key_count", workload.key_count},
        {"key_bytes", workload.key_bytes},
        {"value_bytes", workload.value_bytes},
        {"distribution", distribution_name(workload.distribution)},
        {"workload", workload.ycsb},
        {"durability", durability_text(workload)},
        {"seed", workload.seed},
    };
}

}  // namespace

std::string format_latency(uint64_t ns) { return format("%.3f ms", static_cast<double>(ns) / 1e6); }

std::string text_report(const Workload& workload, const Measurement& measurement) {
    std::string out = heading(workload) + table(measurement);
    if (const auto cpu_us = cpu_per_operation_us(measurement)) {
        out += format("server CPU: %.2f us an operation\n", *cpu_us);
    }
    if (measurement.misses > 0) {
        out += "reads of missing keys: " + std::to_string(measurement.misses) + "\n";
    }
    if (measurement.overloaded > 0) {
        out +=
            "refused, the server is overloaded: " + std::to_string(measurement.overloaded) + "\n";
    }
    if (measurement.not_sent > 0) {
        out += "due but not sent before the end: " + std::to_string(measurement.not_sent) +
               ", in no latency above: the rate is too high for this server\n";
    }
    for (const auto& [name, count] : measurement.errors) {
        out += "errors: " + name + " " + std::to_string(count) + "\n";
    }
    return out;
}

std::string json_report(const Workload& workload, const Measurement& measurement,
                        const Status& first_error) {
    nlohmann::json out = workload_json(workload);
    for (size_t i = 0; i < kOpKinds; ++i) {
        out["mix"][std::string(kOpNames[i])] = workload.mix[i];
        const Histogram& latency = measurement.latency_ns[i];
        if (latency.count() == 0) continue;
        out[std::string(kOpNames[i])] = latency_json(latency, measurement.seconds);
    }
    out["seconds"] = measurement.seconds;
    out["operations"] = measurement.operations();
    out["per_second"] = per_second(measurement.operations(), measurement.seconds);
    out["misses"] = measurement.misses;
    out["overloaded"] = measurement.overloaded;
    out["not_sent"] = measurement.not_sent;
    out["errors"] = measurement.errors;
    if (!first_error.is_ok()) out["first_error"] = first_error.to_string();
    if (const auto cpu_us = cpu_per_operation_us(measurement)) out["server_cpu_us"] = *cpu_us;
    // What a server sends need not be UTF-8.
    return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace kv::bench
