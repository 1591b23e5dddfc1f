// check_config(): what single values cannot show. Called by load() when every value is good.
// Thread rule: pure but for a look at log.file's directory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "kv/status.h"

namespace kv::config {

/// Public binds without leave, two listeners on one address, listeners that this version lacks, a
/// log file without a directory, sizes that do not fit together. kInvalidArgument: one line an
/// error.
Status check_config(const Config& config);

/// The smallest engine.disk_budget that the store opens with beside the other sizes: twice what it
/// keeps free for flush and compaction. The engine's own rule, which config cannot ask; a test
/// holds the two together.
uint64_t least_disk_budget_bytes(const Options& engine);

/// The least limits.network_memory: what the buffer of one connection grows to as the largest
/// request of the native protocol arrives.
uint64_t least_network_memory_bytes(const Options& engine);

}  // namespace kv::config
