// StoreReport: what the store says of itself, for INFO and MEMORY. Gathering it takes locks of the
// store and looks at its tables, which a network thread must not wait for: the session has it
// gathered in the read pool before it runs a command that wants it (command_flag::kStoreReport).
// Thread rule: gather_report() in the read pool.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "kv/db.h"
#include "server/commands/databases.h"

namespace kv::server {

struct StoreReport {
    StoreStats stats;
    std::array<uint64_t, kDatabases> keys{};  ///< Of each database; an estimate.
};

StoreReport gather_report(Db& db);

}  // namespace kv::server
