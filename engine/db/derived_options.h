// What a store's options amount to for its parts. Thread rule: pure functions, except that
// compaction_threads asks how many cores there are.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "compaction/picker.h"
#include "kv/options.h"
#include "sstable/table_options.h"
#include "version/version.h"

namespace kv::db {

PickerOptions picker_options(const Options& options);

/// How a table that is written to `level` beside the tables of `version` is compressed and
/// filtered. A table that is moved to another level keeps what it was written with.
TableOptions table_options(const Options& options, TableReason reason, const Version& version,
                           int level);

/// Compactions, or parts of one, that run side by side.
uint32_t compaction_threads(const Options& options);

}  // namespace kv::db
