// write_level0_table: a memtable becomes one durable level 0 table.
//
// The caller (the store's flush lane) hands the table to the MANIFEST and only then lets go of the
// memtable and the log behind it. Thread rule: a free function, any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compaction/merge.h"
#include "iterator/internal_iterator.h"
#include "kv/file_system.h"
#include "kv/result.h"
#include "sstable/table_options.h"
#include "version/file_meta.h"

namespace kv {

struct FlushResult {
    /// nullopt: there was neither an entry nor a range tombstone, and there is no file.
    std::optional<FileMeta> file;
    MergeCounters counters;
};

/// What is written: a walk, and how many entries it will show or pass over.
struct FlushSource {
    InternalIterator& walk;
    uint64_t entries;
};

/// Writes all of `source`, and `rules.range_tombstones`, to table `number` of `dir`; file and
/// directory entry are durable on return. Versions that no boundary of `rules` sees are left out;
/// tombstones, and expired entries as tombstones, and range tombstones are kept, since older
/// versions may lie in tables (rules.may_exist_below is not asked). The newest version of every key
/// stays, so the table's largest seqno is the source's. Errors: the source's own; kCorruption for a
/// malformed entry, or when entries in and out do not balance or are not as many as the source has;
/// kNoSpace, kIoError from the disk. After an error there is no file, unless the message says that
/// it could not be removed.
Result<FlushResult> write_level0_table(FileSystem& fs, const std::string& dir, uint64_t number,
                                       FlushSource source, const DropRules& rules,
                                       const TableOptions& options);

}  // namespace kv
