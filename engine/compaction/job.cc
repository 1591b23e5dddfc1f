// Carrying out a compaction: see job.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/job.h"

#include <algorithm>
#include <utility>

#include "compaction/entry_writer.h"
#include "iterator/merging_iterator.h"
#include "kv/assert.h"
#include "record/file_names.h"

namespace kv {

namespace {

/// Entries between two looks at the cancel flag: well under a millisecond of work.
constexpr uint64_t kEntriesPerSlice = 512;

using IteratorPtr = std::unique_ptr<InternalIterator>;

}  // namespace

CompactionJob::CompactionJob(const CompactionContext& context, CompactionPlan plan, VersionPtr base,
                             DropRules rules, const CompactionJobOptions& options)
    : context_(context),
      plan_(std::move(plan)),
      base_(std::move(base)),
      rules_(std::move(rules)),
      options_(options),
      first_level_(plan_.output_level),
      largest_seqno_(0),
      input_numbers_(plan_.input_numbers()) {
    KV_ASSERT(!plan_.inputs.empty() && plan_.output_level >= 1 && plan_.output_level < kLevels);
    for (const PlanInput& input : plan_.inputs) {
        first_level_ = std::min(first_level_, input.level);
        largest_seqno_ = std::max(largest_seqno_, input.file->largest_seqno);
    }
    std::sort(input_numbers_.begin(), input_numbers_.end());
    rules_.may_exist_below = [this](Bytes user_key) { return may_exist_below(user_key); };
    options_.table.reason = TableReason::kCompaction;
}

Result<CompactionResult> CompactionJob::run() {
    if (is_cancelled()) return Status(Code::kCancelled, "compaction was cancelled");
    if (plan_.move_only) return move_result();
    CompactionResult result;
    OutputSet outputs(context_.fs, context_.dir, options_.table, context_.next_number);
    KV_ASSIGN_OR_RETURN(const IteratorPtr source, open_inputs());
    Status status = merge(*source, outputs, result.counters);
    if (status.is_ok()) status = outputs.close_output();
    if (status.is_ok()) status = check_balance(outputs, result.counters);
    if (status.is_ok()) status = outputs.sync_dir();
    if (!status.is_ok()) return discard_after(std::move(status), outputs);

    for (const PlanInput& input : plan_.inputs) result.edit.remove(input.level, input.file->number);
    for (const FileMeta& file : outputs.files()) result.edit.add(plan_.output_level, file);
    result.bytes_read = plan_.input_bytes();
    result.bytes_written = outputs.bytes();
    return result;
}

CompactionResult CompactionJob::move_result() const {
    KV_ASSERT(plan_.inputs.size() == 1 && plan_.inputs[0].level < plan_.output_level);
    const PlanInput& input = plan_.inputs[0];
    CompactionResult result;
    result.edit.remove(input.level, input.file->number);
    result.edit.add(plan_.output_level, *input.file);
    result.counters.entries_in = result.counters.entries_out = input.file->entries;
    return result;
}

Result<IteratorPtr> CompactionJob::open_inputs() const {
    ReadMode mode;
    mode.fill_cache = false;
    mode.readahead_bytes = options_.readahead_bytes;
    const auto open = [this, mode](const FileMeta& file) -> Result<IteratorPtr> {
        KV_ASSIGN_OR_RETURN(const std::shared_ptr<TableReader> reader, context_.open_table(file));
        return reader->new_iterator(mode);
    };
    std::vector<IteratorPtr> sources;
    for (int level = 0; level <= plan_.output_level; ++level) {
        std::vector<FileMetaPtr> files;
        for (const PlanInput& input : plan_.inputs) {
            if (input.level == level) files.push_back(input.file);
        }
        if (level == 0) {
            for (const FileMetaPtr& file : files) {
                KV_ASSIGN_OR_RETURN(IteratorPtr source, open(*file));
                sources.push_back(std::move(source));
            }
        } else if (!files.empty()) {
            std::vector<TableBounds> bounds;
            for (const FileMetaPtr& file : files) bounds.push_back({file->smallest, file->largest});
            sources.push_back(new_level_iterator(
                std::move(bounds), [files, open](size_t index) { return open(*files[index]); }));
        }
    }
    return new_merging_iterator(std::move(sources));
}

Status CompactionJob::merge(InternalIterator& source, OutputSet& outputs, MergeCounters& counters) {
    EntryDropper dropper(rules_);
    std::string scratch;
    uint64_t until_check = kEntriesPerSlice;
    // A boundary is decided at the first entry of a user key, kept or not; it takes effect before
    // the next entry that is written, so no key is split and no output is empty.
    for (source.seek_to_first(); source.valid(); source.next()) {
        if (--until_check == 0) {
            until_check = kEntriesPerSlice;
            if (is_cancelled()) return Status(Code::kCancelled, "compaction was cancelled");
        }
        const Bytes key = source.key(), value = source.value();
        const Verdict verdict = dropper.decide(key, value);
        if (verdict == Verdict::kMalformed) {
            return dropper.malformed_entry(key, value).with_context("compaction");
        }
        count_verdict(verdict, counters);
        if (dropper.at_new_user_key() && closes_before(user_key_of(key), outputs)) {
            KV_RETURN_IF_ERROR(outputs.close_output());
        }
        KV_RETURN_IF_ERROR(write_by_verdict(outputs, verdict, key, value, scratch));
    }
    return source.status();
}

/// Whether the open output, if any, should end before the new user key. Keys ascend from call to
/// call.
bool CompactionJob::closes_before(Bytes user_key, const OutputSet& outputs) {
    while (below_position_ < plan_.below.size() &&
           plan_.below[below_position_]->largest_user_key() < user_key) {
        if (outputs.has_open_output()) below_bytes_ += plan_.below[below_position_]->size_bytes;
        ++below_position_;
    }
    const bool closes =
        outputs.has_open_output() && (outputs.open_bytes() >= options_.table_bytes ||
                                      below_bytes_ > max_overlap_below(options_.table_bytes));
    if (closes || !outputs.has_open_output()) below_bytes_ = 0;
    return closes;
}

bool CompactionJob::may_exist_below(Bytes user_key) const {
    const auto is_input = [this](uint64_t number) {
        return std::binary_search(input_numbers_.begin(), input_numbers_.end(), number);
    };
    if (first_level_ == 0) {
        for (const FileMetaPtr& file : base_->files(0)) {
            // Tables newer than every input cannot hold an older version.
            if (file->smallest_seqno > largest_seqno_ || is_input(file->number)) continue;
            if (file->smallest_user_key() <= user_key && user_key <= file->largest_user_key()) {
                return true;
            }
        }
    }
    for (int level = std::max(first_level_, 1); level < kLevels; ++level) {
        const FileMeta* file = base_->find_table(level, user_key);
        if (file != nullptr && !is_input(file->number)) return true;
    }
    return false;
}

Status CompactionJob::check_balance(const OutputSet& outputs, const MergeCounters& counters) const {
    const uint64_t expected = plan_.input_entries();
    if (counters.entries_in == expected && counters.balanced() &&
        outputs.entries() == counters.entries_out) {
        return Status::ok();
    }
    std::string tables;
    for (const PlanInput& input : plan_.inputs) {
        tables += (tables.empty() ? "" : ", ") + table_file_name(input.file->number);
    }
    return Status::corruption("compaction of " + tables + ": the MANIFEST says " +
                              std::to_string(expected) + " entries, read were " +
                              std::to_string(counters.entries_in) + ", dropped " +
                              std::to_string(counters.entries_in - counters.entries_out) +
                              ", written " + std::to_string(outputs.entries()) +
                              "; nothing was committed and the inputs stay. Run kvtool verify");
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
