// Tables of a directory as one ordered walk, whatever level they were on: for what has to be known
// or written of all of them together.
// Callers: salvage_merge.cc, salvage_keyspaces.cc. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "iterator/internal_iterator.h"
#include "kv/file_system.h"
#include "kv/result.h"
#include "record/range_tombstones.h"
#include "version/file_meta.h"

namespace kv::tools {

class MergedTables {
  public:
    /// `tables` of `dir`, all of them sound.
    MergedTables(FileSystem& fs, std::string dir, std::vector<FileMetaPtr> tables);

    /// Every version of every key; one that two tables hold comes twice. The object must outlive
    /// the walk.
    std::unique_ptr<InternalIterator> new_iterator() const;
    Result<std::vector<RangeTombstone>> range_tombstones() const;

  private:
    using Run = std::vector<FileMetaPtr>;  // disjoint, in order
    std::unique_ptr<InternalIterator> iterator_over(const Run& run) const;

    FileSystem& fs_;
    const std::string dir_;
    std::vector<Run> runs_;
};

}  // namespace kv::tools
