// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/derived_options.h"

#include <algorithm>

#include "kv/executor.h"

namespace kv::db {

TableOptions table_options(const Options& options, TableReason reason) {
    TableOptions table;
    table.block_size_bytes = options.block_size_bytes;
    table.bloom_bits_per_key = options.bloom_bits_per_key;
    table.reason = reason;
    return table;
}

uint32_t compaction_threads(const Options& options) {
    if (options.compaction_threads != 0) return options.compaction_threads;
    // A caller's executor has as many threads as it has, and a test's schedule must not depend on
    // the machine.
    if (options.executor != nullptr) return 1;
    // Half, so that the serving threads keep theirs; beyond four the disk is what limits.
    return std::clamp(hardware_threads() / 2, 1U, 4U);
}

}  // namespace kv::db
