// CompactionJob: carries out one CompactionPlan, from open inputs to durable outputs and the edit
// that swaps them. A big merge is split by key range into parts that may run side by side, and each
// part runs in slices of a millisecond or two, so that whoever runs it can put more urgent work in
// between. It commits nothing: the caller gives the edit to Manifest::apply, and until that
// succeeds the inputs are the truth.
// Caller: the store's compaction lane. Thread rule: prepare, then each part by one thread at a
// time, then finish; `cancel` may be set by any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compaction/job_part.h"
#include "compaction/picker.h"
#include "version/version_edit.h"

namespace kv {

struct CompactionResult {
    /// Removes the inputs, adds the outputs; nothing else is set.
    VersionEdit edit;
    MergeCounters counters;
    uint64_t bytes_read = 0;     ///< Size of the inputs; 0 where nothing is merged.
    uint64_t bytes_written = 0;  ///< Size of the outputs; 0 where nothing is merged.
};

class CompactionJob {
  public:
    /// `base` is the version that `plan` was picked from; the job keeps it, and so its tables.
    /// `rules` describes the readers at this moment; its may_exist_below and range_tombstones are
    /// replaced.
    CompactionJob(const CompactionContext& context, CompactionPlan plan, VersionPtr base,
                  DropRules rules, const CompactionJobOptions& options);
    CompactionJob(const CompactionJob&) = delete;
    CompactionJob& operator=(const CompactionJob&) = delete;

    const CompactionPlan& plan() const { return work_.plan; }
    /// Opens the inputs and splits their key range into `most_parts` parts at most, each of at
    /// least about a table's size. Errors: those of opening a table.
    Status prepare(size_t most_parts);
    /// 0 for a move or a drop, which have nothing to merge.
    size_t parts() const { return parts_.size(); }
    /// Merges about half a MiB of a part. False: it is complete. Errors: kCancelled; the status of
    /// an input that fails verification, naming file and offset; kNoSpace, kIoError.
    Result<bool> run_slice(size_t part) { return parts_[part]->run_slice(); }
    /// What all parts amount to. On success the outputs and their directory entries are durable;
    /// there may be none. `status`: the first error of prepare or of a part, if any. Errors: that
    /// one; kCorruption when entries in, out and dropped do not balance or an input does not hold
    /// what the MANIFEST says; kNoSpace, kIoError. After an error the inputs stand as before and
    /// the outputs are removed, or the message says which could not be. Call it once.
    Result<CompactionResult> finish(Status status);

    /// All of it on this thread. Call it once.
    Result<CompactionResult> run();

  private:
    Status gather_range_tombstones();
    Status finish_outputs(const MergeCounters& counters);
    Status check_balance(const MergeCounters& counters) const;
    Status discard_after(Status cause);
    CompactionResult move_result() const;
    CompactionResult drop_result() const;

    CompactionWork work_;
    std::vector<std::unique_ptr<CompactionPart>> parts_;  // in key order
};

/// Removes the outputs of a result whose edit was refused before anything was written (kCorruption
/// from Manifest::apply). Never after a doubtful MANIFEST write.
Status discard_outputs(FileSystem& fs, const std::string& dir, const CompactionResult& result);

}  // namespace kv
