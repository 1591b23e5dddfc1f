// Filling the store before a run: every key once, values of the wanted size.
// Thread rule: the main thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "bench/traffic/workload.h"
#include "kv/status.h"

namespace kv::bench {

/// Stores keys 0 to key_count - 1 in the workload's protocol; ends early when `interrupted`. What
/// the server refuses for now is sent again. Otherwise the first error of the server.
Status load_keys(const Workload& workload, const std::atomic<bool>& interrupted);

}  // namespace kv::bench
