// OutputSet: the table files that one flush or compaction writes, from the first byte until they
// are durable or gone. Until the MANIFEST names them they belong to their job, and a job that fails
// removes them. Callers: flush_job.cc, job.cc. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kv/file_system.h"
#include "sstable/table_builder.h"
#include "version/file_meta.h"

namespace kv {

/// What the MANIFEST will say about a finished table.
FileMeta file_meta_of(const TableProperties& properties);

class OutputSet {
  public:
    /// `next_number` gives each output its file number; every call another one.
    OutputSet(FileSystem& fs, std::string dir, const TableOptions& options,
              std::function<uint64_t()> next_number);
    OutputSet(const OutputSet&) = delete;
    OutputSet& operator=(const OutputSet&) = delete;

    /// Adds an entry to the open output; begins one when none is open, so none is ever empty.
    Status add(Bytes internal_key, Bytes value);
    /// The same for a range tombstone, within the keys of the open output.
    Status add_range_tombstone(const RangeTombstone& tombstone);
    bool has_open_output() const { return builder_ != nullptr; }
    /// Bytes of the open output so far; 0 without one.
    uint64_t open_bytes() const { return builder_ ? builder_->estimated_bytes() : 0; }
    /// Finishes and syncs the open output, if any.
    Status close_output();
    /// Makes the directory entries of all outputs durable. Does nothing without outputs.
    Status sync_dir();
    /// Removes every output, open or finished. The first failure to do so, after trying all.
    Status discard();

    const std::vector<FileMeta>& files() const { return files_; }
    uint64_t bytes() const;
    uint64_t entries() const;

  private:
    Status open_output();
    void count_expiry(Bytes internal_key, Bytes value);

    FileSystem& fs_;
    const std::string dir_;
    const TableOptions options_;
    const std::function<uint64_t()> next_number_;
    std::unique_ptr<TableBuilder> builder_;  // null: no output is open
    uint64_t expiring_ = 0;                  // entries of the open output that expire
    uint64_t latest_expiry_ms_ = 0;          // of them
    std::vector<FileMeta> files_;            // finished
    std::vector<std::string> paths_;         // finished, and the one that failed to
};

}  // namespace kv
