// CompactionPart: one key range of a compaction, merged in slices into outputs of its own.
// Caller: CompactionJob. Thread rule: one thread at a time; parts of a job may run side by side.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compaction/merge.h"
#include "compaction/output.h"
#include "compaction/picker.h"
#include "iterator/internal_iterator.h"
#include "kv/file_system.h"
#include "kv/result.h"
#include "sstable/table_reader.h"

namespace kv {

/// What a job needs from the store. All of it outlives the job; every function may be called from
/// any thread.
struct CompactionContext {
    FileSystem& fs;
    std::string dir;
    /// The open reader of a live table.
    std::function<Result<std::shared_ptr<TableReader>>(const FileMeta&)> open_table;
    /// A new table number at every call.
    std::function<uint64_t()> next_number;
    /// Set: the job stops within a slice with kCancelled. May be null.
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

/// What the parts of a job share: constant once they run.
struct CompactionWork {
    CompactionContext context;
    CompactionPlan plan;
    VersionPtr base;
    DropRules rules;  // without may_exist_below, which each part adds
    CompactionJobOptions options;
    int first_level = 0;  // shallowest input
    Seqno largest_seqno = 0;
    std::vector<uint64_t> input_numbers{};  // sorted

    bool is_input(uint64_t number) const;
    /// May an entry of this user key, older than the inputs, lie outside of them?
    bool may_exist_below(Bytes user_key) const;
    /// The same for any user key of [begin, end).
    bool may_exist_below(Bytes begin, Bytes end) const;
    bool is_cancelled() const {
        return context.cancel != nullptr && context.cancel->load(std::memory_order_relaxed);
    }
};

/// User keys from `lower`, inclusive, to `upper`, exclusive; nullopt: unbounded.
struct KeyRange {
    std::optional<std::string> lower, upper;
};

class CompactionPart {
  public:
    CompactionPart(const CompactionWork& work, KeyRange range);
    CompactionPart(const CompactionPart&) = delete;
    CompactionPart& operator=(const CompactionPart&) = delete;

    /// See CompactionJob::run_slice.
    Result<bool> run_slice();

    OutputSet& outputs() { return outputs_; }
    const OutputSet& outputs() const { return outputs_; }
    const MergeCounters& counters() const { return counters_; }

  private:
    Status begin();
    Result<std::unique_ptr<InternalIterator>> open_inputs() const;
    Status close_output(std::optional<Bytes> next_user_key);
    Status write(const InternalEntry& entry, Verdict verdict);
    bool closes_before(Bytes user_key);

    // Set once.
    const CompactionWork& work_;
    const KeyRange range_;

    // While merging.
    EntryDropper dropper_;
    OutputSet outputs_;
    MergeCounters counters_;
    std::unique_ptr<InternalIterator> source_;  // null before the first slice
    InternalEntry entry_;                       // where source_ stands, if has_entry_
    bool has_entry_ = false;
    std::optional<std::string> output_begin_;  // where the open output, or the next one, begins
    size_t below_position_ = 0;  // in plan.below: first table not behind the open output
    uint64_t below_bytes_ = 0;   // of plan.below that the open output has passed
    std::string scratch_;
};

}  // namespace kv
