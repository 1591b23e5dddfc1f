// CompactionJob: carries out one CompactionPlan, from open inputs to durable outputs and the edit
// that swaps them. It commits nothing: the caller gives the edit to Manifest::apply, and until that
// succeeds the inputs are the truth.
// Caller: the store's compaction lane. Thread rule: one thread runs it; `cancel` may be set by any.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "compaction/merge.h"
#include "compaction/output.h"
#include "compaction/picker.h"
#include "kv/file_system.h"
#include "kv/result.h"
#include "sstable/table_reader.h"
#include "version/version_edit.h"

namespace kv {

/// What a job needs from the store. All of it outlives the job.
struct CompactionContext {
    FileSystem& fs;
    std::string dir;
    /// The open reader of a live table.
    std::function<Result<std::shared_ptr<TableReader>>(const FileMeta&)> open_table;
    /// A new table number at every call.
    std::function<uint64_t()> next_number;
    /// Set: the job stops soon with kCancelled. May be null.
    const std::atomic<bool>* cancel = nullptr;
};

struct CompactionJobOptions {
    /// Of the outputs; the job sets `reason`.
    TableOptions table;
    /// An output is closed at the first new user key past this size.
    uint64_t table_bytes = 64ULL << 20;
    /// Bytes read at a time from each input.
    uint32_t readahead_bytes = 256U << 10;
};

struct CompactionResult {
    /// Removes the inputs, adds the outputs; nothing else is set.
    VersionEdit edit;
    MergeCounters counters;
    uint64_t bytes_read = 0;     ///< Size of the inputs; 0 for a move.
    uint64_t bytes_written = 0;  ///< Size of the outputs; 0 for a move.
};

class CompactionJob {
  public:
    /// `base` is the version that `plan` was picked from; the job keeps it, and so its tables.
    /// `rules` describes the readers at this moment; its may_exist_below is replaced.
    CompactionJob(const CompactionContext& context, CompactionPlan plan, VersionPtr base,
                  DropRules rules, const CompactionJobOptions& options);
    CompactionJob(const CompactionJob&) = delete;
    CompactionJob& operator=(const CompactionJob&) = delete;

    /// Merges. On success the outputs and their directory entries are durable; there may be none.
    /// Errors: kCancelled; the status of an input that fails verification, naming file and offset;
    /// kCorruption when entries in, out and dropped do not balance or an input does not hold what
    /// the MANIFEST says; kNoSpace, kIoError. After an error the inputs stand as before and the
    /// outputs are removed, or the message says which could not be. Call it once.
    Result<CompactionResult> run();

  private:
    Result<std::unique_ptr<InternalIterator>> open_inputs() const;
    Status merge(InternalIterator& source, OutputSet& outputs, MergeCounters& counters);
    Status check_balance(const OutputSet& outputs, const MergeCounters& counters) const;
    bool may_exist_below(Bytes user_key) const;
    bool closes_before(Bytes user_key, const OutputSet& outputs);
    CompactionResult move_result() const;
    bool is_cancelled() const {
        return context_.cancel != nullptr && context_.cancel->load(std::memory_order_relaxed);
    }

    // Set once.
    const CompactionContext context_;
    const CompactionPlan plan_;
    const VersionPtr base_;
    DropRules rules_;
    CompactionJobOptions options_;
    int first_level_;                      // shallowest input
    Seqno largest_seqno_;                  // of the inputs
    std::vector<uint64_t> input_numbers_;  // sorted

    // While merging.
    size_t below_position_ = 0;  // in plan_.below: first table not behind the open output
    uint64_t below_bytes_ = 0;   // of plan_.below that the open output has passed
};

/// Removes the outputs of a result whose edit was refused before anything was written (kCorruption
/// from Manifest::apply). Never after a doubtful MANIFEST write.
Status discard_outputs(FileSystem& fs, const std::string& dir, const CompactionResult& result);

}  // namespace kv
