// How kvbench shows what it measured. Pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "bench/workload.h"

namespace kv::bench {

/// "0.213 ms" from nanoseconds.
std::string format_latency(uint64_t ns);
/// The table for people, several lines.
std::string text_report(const Workload& workload, const Measurement& measurement);
/// The same as one JSON object on one line; latencies in microseconds.
std::string json_report(const Workload& workload, const Measurement& measurement);

}  // namespace kv::bench
