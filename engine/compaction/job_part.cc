// Merging one key range: see job_part.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/job_part.h"

#include <algorithm>
#include <utility>

#include "compaction/entry_writer.h"
#include "compaction/range_merge.h"
#include "iterator/merging_iterator.h"
#include "record/internal_key.h"

namespace kv {

namespace {

/// A slice ends after so many entries or so many bytes of them: a millisecond or two of work.
constexpr uint64_t kSliceEntries = 2048;
constexpr uint64_t kSliceBytes = 512U << 10;

using IteratorPtr = std::unique_ptr<InternalIterator>;

DropRules rules_for(const CompactionWork& work) {
    DropRules rules = work.rules;
    rules.may_exist_below = [&work](Bytes user_key) { return work.may_exist_below(user_key); };
    return rules;
}

}  // namespace

bool CompactionWork::is_input(uint64_t number) const {
    return std::binary_search(input_numbers.begin(), input_numbers.end(), number);
}

bool CompactionWork::may_exist_below(Bytes user_key) const {
    if (first_level == 0) {
        for (const FileMetaPtr& file : base->files(0)) {
            // Tables newer than every input cannot hold an older version.
            if (file->smallest_seqno > largest_seqno || is_input(file->number)) continue;
            if (file->smallest_user_key() <= user_key && !file->ends_before(user_key)) return true;
        }
    }
    for (int level = std::max(first_level, 1); level < kLevels; ++level) {
        const FileMeta* file = base->find_table(level, user_key);
        if (file != nullptr && !is_input(file->number)) return true;
    }
    return false;
}

bool CompactionWork::may_exist_below(Bytes begin, Bytes end) const {
    for (int level = first_level; level < kLevels; ++level) {
        for (const FileMetaPtr& file : base->overlapping(level, begin, end, true)) {
            if (is_input(file->number)) continue;
            if (level > 0 || file->smallest_seqno <= largest_seqno) return true;
        }
    }
    return false;
}

CompactionPart::CompactionPart(const CompactionWork& work, KeyRange range)
    : work_(work),
      range_(std::move(range)),
      dropper_(rules_for(work)),
      outputs_(work.context.fs, work.context.dir, work.options.table, work.context.next_number),
      output_begin_(range_.lower) {}

Result<IteratorPtr> CompactionPart::open_inputs() const {
    ReadMode mode;
    mode.fill_cache = false;
    mode.readahead_bytes = work_.options.readahead_bytes;
    const auto open = [this, mode](const FileMeta& file) -> Result<IteratorPtr> {
        KV_ASSIGN_OR_RETURN(const std::shared_ptr<TableReader> reader,
                            work_.context.open_table(file));
        return reader->new_iterator(mode);
    };
    std::vector<IteratorPtr> sources;
    for (int level = 0; level <= work_.plan.output_level; ++level) {
        std::vector<FileMetaPtr> files;
        for (const PlanInput& input : work_.plan.inputs) {
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
    return new_merging_iterator(sources);
}

Status CompactionPart::begin() {
    KV_ASSIGN_OR_RETURN(source_, open_inputs());
    if (range_.lower) {
        source_->seek(make_seek_key(*range_.lower, kMaxSeqno));
    } else {
        source_->seek_to_first();
    }
    has_entry_ = source_->current(entry_);
    return Status::ok();
}

Result<bool> CompactionPart::run_slice() {
    if (work_.is_cancelled()) return Status(Code::kCancelled, "compaction was cancelled");
    if (source_ == nullptr) KV_RETURN_IF_ERROR(begin());
    uint64_t bytes = 0;
    for (uint64_t entries = 0; has_entry_; ++entries) {
        if (entries == kSliceEntries || bytes >= kSliceBytes) return true;
        bytes += entry_.key.size() + entry_.value.size();
        const Verdict verdict = dropper_.decide(entry_.key, entry_.value);
        if (dropper_.at_new_user_key()) {
            if (range_.upper && user_key_of(entry_.key) >= *range_.upper) break;
            if (closes_before(user_key_of(entry_.key))) {
                // A boundary takes effect before the next entry that is written, so no key is split
                // and no output is empty.
                KV_RETURN_IF_ERROR(close_output(user_key_of(entry_.key)));
            }
        }
        KV_RETURN_IF_ERROR(write(entry_, verdict));
        has_entry_ = source_->next_entry(entry_);
    }
    if (!has_entry_) KV_RETURN_IF_ERROR(source_->status());
    has_entry_ = false;
    KV_RETURN_IF_ERROR(close_output(range_.upper));
    source_.reset();
    return false;
}

/// Ends the open output, if any, before `next_user_key`, with the range tombstones of all keys that
/// came since the output before it.
Status CompactionPart::close_output(std::optional<Bytes> next_user_key) {
    if (work_.rules.range_tombstones != nullptr) {
        const RangeMergeRules rules{dropper_.boundaries(), [this](Bytes begin, Bytes end) {
                                        return work_.may_exist_below(begin, end);
                                    }};
        for (const RangeTombstone& tombstone :
             kept_range_tombstones(*work_.rules.range_tombstones, rules, output_begin_,
                                   next_user_key, &counters_.forgotten_ranges)) {
            KV_RETURN_IF_ERROR(outputs_.add_range_tombstone(tombstone));
        }
        if (next_user_key) output_begin_.emplace(*next_user_key);
    }
    return outputs_.close_output();
}

Status CompactionPart::write(const InternalEntry& entry, Verdict verdict) {
    if (verdict == Verdict::kMalformed) {
        return dropper_.malformed_entry(entry.key, entry.value).with_context("compaction");
    }
    count_verdict(verdict, counters_);
    return write_by_verdict(outputs_, verdict, entry.key, entry.value, scratch_);
}

/// Whether the open output, if any, should end before the new user key: it is full, it meets too
/// much of the level below, or it is half full at a boundary between two tables there, so that the
/// next merge does not drag along both for the sake of a few keys. Keys ascend from call to call.
bool CompactionPart::closes_before(Bytes user_key) {
    const std::vector<FileMetaPtr>& below = work_.plan.below;
    const uint64_t table_bytes = work_.options.table_bytes;
    const uint64_t max_overlap =
        std::min(work_.plan.max_overlap_bytes, max_overlap_below(table_bytes));
    const bool is_open = outputs_.has_open_output();
    bool at_boundary = false;
    while (below_position_ < below.size() && below[below_position_]->ends_before(user_key)) {
        if (is_open) below_bytes_ += below[below_position_]->size_bytes;
        ++below_position_;
        at_boundary = true;
    }
    const uint64_t bytes = outputs_.open_bytes();
    const bool closes = is_open && (bytes >= table_bytes || below_bytes_ > max_overlap ||
                                    (at_boundary && bytes >= table_bytes / 2));
    if (closes || !is_open) below_bytes_ = 0;
    return closes;
}

}  // namespace kv
