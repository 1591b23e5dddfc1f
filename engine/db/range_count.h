// How many entries lie between two bounds, estimated from what tables and memtables know of
// themselves. Callers: DbImpl, StoreCommitView. Thread rule: a plain function; waits for the disk.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "db/read_view.h"
#include "db/table_cache.h"
#include "kv/db.h"

namespace kv::db {

/// Of the versions in `view` within the bounds of `options`, those that are no deletes.
uint64_t approximate_count(const ReadView& view, TableCache& tables, const ScanOptions& options);

}  // namespace kv::db
