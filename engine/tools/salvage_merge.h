// All tables of a store whose levels are not known, merged into one level of disjoint tables.
// Caller: repair.cc. Thread rule: a plain function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kv/file_system.h"
#include "kv/result.h"
#include "version/file_meta.h"

namespace kv::tools {

/// Writes every version that `tables` of `dir`, all of them sound, hold into new tables there, each
/// once, and cuts at user keys. Sorting by key and then seqno is what a MANIFEST's levels stand
/// for, so newer versions win. The new tables are durable, their directory entries are not.
Result<std::vector<FileMeta>> merge_tables(FileSystem& fs, const std::string& dir,
                                           const std::vector<FileMetaPtr>& tables,
                                           const std::function<uint64_t()>& next_number);

}  // namespace kv::tools
