// StoreReport: what the store says of itself, for INFO and MEMORY, and the allocator of its memory.
// Gathering it takes locks of the store and looks at its tables, or passes through the whole heap,
// which a network thread must not wait for: the session has what a command wants gathered in the
// read pool before it runs it (command_flag::kStoreReport, kAllocatorReport).
// Thread rule: gather_report() in the read pool.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <malloc.h>

#include <array>
#include <cstdint>

#include "kv/db.h"
#include "server/commands/databases.h"

namespace kv::server {

struct StoreReport {
    StoreStats stats;
    std::array<uint64_t, kDatabases> keys{};  ///< Of each database; an estimate.
    struct mallinfo2 allocator {};            ///< For kAllocatorReport.
};

StoreReport gather_report(Db& db);

}  // namespace kv::server
