// Carrying out a compaction: see job.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/job.h"

#include <algorithm>
#include <utility>

#include "compaction/job_split.h"
#include "kv/assert.h"
#include "record/file_names.h"

namespace kv {

CompactionJob::CompactionJob(const CompactionContext& context, CompactionPlan plan, VersionPtr base,
                             DropRules rules, const CompactionJobOptions& options)
    : work_{context, std::move(plan), std::move(base), std::move(rules), options} {
    const CompactionPlan& what = work_.plan;
    KV_ASSERT(!what.inputs.empty() && what.output_level >= 1 && what.output_level < kLevels);
    work_.first_level = what.output_level;
    for (const PlanInput& input : what.inputs) {
        work_.first_level = std::min(work_.first_level, input.level);
        work_.largest_seqno = std::max(work_.largest_seqno, input.file->largest_seqno);
    }
    work_.input_numbers = what.input_numbers();
    std::sort(work_.input_numbers.begin(), work_.input_numbers.end());
    work_.options.table.reason = TableReason::kCompaction;
}

Status CompactionJob::prepare(size_t most_parts) {
    KV_ASSERT(parts_.empty());
    if (work_.plan.move_only || work_.plan.drop_only) return Status::ok();
    KV_RETURN_IF_ERROR(gather_range_tombstones());
    KV_ASSIGN_OR_RETURN(std::vector<KeyRange> ranges, split_job(work_, most_parts));
    for (KeyRange& range : ranges) {
        parts_.push_back(std::make_unique<CompactionPart>(work_, std::move(range)));
    }
    return Status::ok();
}

Status CompactionJob::gather_range_tombstones() {
    std::vector<RangeTombstoneSetPtr> sets;
    for (const PlanInput& input : work_.plan.inputs) {
        if (input.file->range_tombstones == 0) continue;
        KV_ASSIGN_OR_RETURN(const std::shared_ptr<TableReader> table,
                            work_.context.open_table(*input.file));
        sets.push_back(table->range_tombstones());
    }
    work_.rules.range_tombstones = RangeTombstoneSet::merge(sets);
    return Status::ok();
}

Result<CompactionResult> CompactionJob::run() {
    if (work_.is_cancelled()) return Status(Code::kCancelled, "compaction was cancelled");
    Status status = prepare(1);
    for (size_t part = 0; part < parts_.size() && status.is_ok(); ++part) {
        for (bool more = true; more && status.is_ok();) {
            const Result<bool> slice = run_slice(part);
            status = slice.status();
            more = slice.is_ok() && *slice;
        }
    }
    return finish(std::move(status));
}

Result<CompactionResult> CompactionJob::finish(Status status) {
    if (status.is_ok() && work_.plan.move_only) return move_result();
    if (status.is_ok() && work_.plan.drop_only) return drop_result();
    CompactionResult result;
    for (const auto& part : parts_) result.counters.add(part->counters());
    if (status.is_ok()) status = finish_outputs(result.counters);
    if (!status.is_ok()) return discard_after(std::move(status));

    for (const PlanInput& input : work_.plan.inputs) {
        result.edit.remove(input.level, input.file->number);
    }
    for (const auto& part : parts_) {
        for (const FileMeta& file : part->outputs().files()) {
            result.edit.add(work_.plan.output_level, file);
        }
        result.bytes_written += part->outputs().bytes();
    }
    result.bytes_read = work_.plan.input_bytes();
    return result;
}

Status CompactionJob::finish_outputs(const MergeCounters& counters) {
    KV_RETURN_IF_ERROR(check_balance(counters));
    const bool any = std::any_of(parts_.begin(), parts_.end(),
                                 [](const auto& part) { return !part->outputs().files().empty(); });
    return any ? work_.context.fs.sync_dir(work_.context.dir) : Status::ok();
}

Status CompactionJob::discard_after(Status cause) {
    for (const auto& part : parts_) {
        const Status removed = part->outputs().discard();
        if (removed.is_ok()) continue;
        cause =
            cause.with_context("an unfinished table stays behind (" + removed.to_string() + ")");
    }
    return cause;
}

CompactionResult CompactionJob::move_result() const {
    CompactionResult result;
    for (const PlanInput& input : work_.plan.inputs) {
        KV_ASSERT(input.level < work_.plan.output_level);
        result.edit.remove(input.level, input.file->number);
        result.edit.add(work_.plan.output_level, *input.file);
        result.counters.entries_in += input.file->entries;
    }
    result.counters.entries_out = result.counters.entries_in;
    return result;
}

CompactionResult CompactionJob::drop_result() const {
    CompactionResult result;
    for (const PlanInput& input : work_.plan.inputs) {
        result.edit.remove(input.level, input.file->number);
        result.counters.entries_in += input.file->entries;
    }
    result.counters.dropped_covered = result.counters.entries_in;
    return result;
}

Status CompactionJob::check_balance(const MergeCounters& counters) const {
    const uint64_t expected = work_.plan.input_entries();
    uint64_t written = 0;
    for (const auto& part : parts_) written += part->outputs().entries();
    if (counters.entries_in == expected && counters.balanced() && written == counters.entries_out) {
        return Status::ok();
    }
    std::string tables;
    for (const PlanInput& input : work_.plan.inputs) {
        tables += (tables.empty() ? "" : ", ") + table_file_name(input.file->number);
    }
    return Status::corruption(
        "compaction of " + tables + ": the MANIFEST says " + std::to_string(expected) +
        " entries, read were " + std::to_string(counters.entries_in) + ", dropped " +
        std::to_string(counters.entries_in - counters.entries_out) + ", written " +
        std::to_string(written) + "; nothing was committed and the inputs stay. Run kvtool verify");
}

Status discard_outputs(FileSystem& fs, const std::string& dir, const CompactionResult& result) {
    Status first;
    for (const AddedFile& added : result.edit.added) {
        const bool moved =
            std::any_of(result.edit.removed.begin(), result.edit.removed.end(),
                        [&](const RemovedFile& r) { return r.number == added.meta.number; });
        if (moved) continue;
        Status removed = fs.remove(join_path(dir, table_file_name(added.meta.number)));
        if (!removed.is_ok() && first.is_ok()) first = removed;
    }
    return first;
}

}  // namespace kv
