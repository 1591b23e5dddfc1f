// What a store's options amount to for its parts. Thread rule: pure functions, except that
// compaction_threads asks how many cores there are.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kv/options.h"
#include "sstable/table_options.h"

namespace kv::db {

TableOptions table_options(const Options& options, TableReason reason);

/// Compactions, or parts of one, that run side by side.
uint32_t compaction_threads(const Options& options);

}  // namespace kv::db
