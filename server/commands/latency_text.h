// What LATENCY GRAPH and LATENCY DOCTOR say to a person. Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "server/resp/latency_monitor.h"

namespace kv::server {

/// A line about the event, and its samples as a graph: a column each, the newest at the right, and
/// below it how long ago it was, read downwards.
std::string latency_graph(const LatencyMonitor::Event& event, uint64_t now_s);

/// What was slow, and what to do about it.
std::string latency_report(const LatencyMonitor& latency);

}  // namespace kv::server
