// How kvbench shows what it measured. Pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "bench/measurement.h"
#include "bench/traffic/workload.h"
#include "kv/status.h"

namespace kv::bench {

/// "0.213 ms" from nanoseconds.
std::string format_latency(uint64_t ns);
/// The table for people, several lines.
std::string text_report(const Workload& workload, const Measurement& measurement);
/// The same as one JSON object on one line, with the first error where there is one; latencies in
/// microseconds.
std::string json_report(const Workload& workload, const Measurement& measurement,
                        const Status& first_error);

}  // namespace kv::bench
