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

/// What INFO keyspace tells of a database: exact for as much as a walk of bounded length gets
/// through, else an estimate, with as many expiring keys as there were among those walked.
struct DatabaseReport {
    uint64_t keys = 0;
    uint64_t expiring = 0;
};

struct StoreReport {
    StoreStats stats;
    std::array<DatabaseReport, kDatabases> databases{};  ///< Zeros unless asked for.
    struct mallinfo2 allocator {};                       ///< For kAllocatorReport.
};

StoreReport gather_report(Db& db, bool with_databases);

}  // namespace kv::server
