// The Compactor's way with jobs that fail: what is tried again when, which tables are left out
// meanwhile, and who is told. See compactor.h and set_aside.h.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "db/compactor.h"
#include "record/file_names.h"

namespace kv::db {

/// `by_job`: it was the job that failed. A refused edit says nothing about the inputs: they were
/// read to the end and found sound.
void Compactor::finish(const CompactionPlan& plan, const Status& status, bool by_job,
                       Manual* manual) {
    std::lock_guard lock(mutex_);
    std::erase(running_, &plan);
    written_.erase(&plan);
    count_promised();
    if (status.is_ok()) {
        last_failure_ = Status::ok();
        take_back_inputs(plan);
    } else {
        range_deletes_.is_searched = false;  // what it found is there again
        const bool is_damage = by_job && set_damaged_aside(plan, status);
        if (!is_damage && !stopping_) {
            context_.log(LogLevel::kWarning,
                         "compaction failed, will try again: " + status.to_string());
            // What one table is to blame for says nothing of the others.
            if (!by_job || !set_unread_aside(plan, status)) last_failure_ = status;
            retry_later();
        }
    }
    if (manual == nullptr) return;
    --manual->running;
    if (!status.is_ok() && manual->status.is_ok()) manual->status = status;
    // A step that was through before it heard of the closing has no successor.
    if (stopping_ && manual->status.is_ok()) {
        manual->status = {Code::kCancelled, "the store is closing"};
    }
    // Steps that run beside it refer to it.
    if (!manual->status.is_ok() && manual->running == 0) finish_manual(manual->status);
}

/// They were read to their end, or are gone. Requires mutex_.
void Compactor::take_back_inputs(const CompactionPlan& plan) {
    if (aside_.empty() || plan.move_only) return;
    for (const uint64_t number : plan.input_numbers()) aside_.forget(number);
    tell_health();
}

/// If `status` tells of damage: keeps the inputs that it names out of plans, or all when it names
/// none. Requires mutex_.
bool Compactor::set_damaged_aside(const CompactionPlan& plan, const Status& status) {
    if (!status.is(Code::kCorruption) && !status.is(Code::kUnsupported)) return false;
    const std::vector<FileMetaPtr> files = inputs_named(plan, status);
    for (const FileMetaPtr& file : files) aside_.add_for_good(file->number, status);
    if (files.empty()) {
        for (const uint64_t number : plan.input_numbers()) aside_.add_for_good(number, status);
    }
    tell_health();
    return true;
}

/// Keeps the inputs that the disk did not give out of plans until they are read: from the same
/// version the same plan would be picked again, and nothing that comes after it ever. False: it is
/// none of them. Requires mutex_.
bool Compactor::set_unread_aside(const CompactionPlan& plan, const Status& status) {
    if (!status.is(Code::kIoError)) return false;
    const std::vector<FileMetaPtr> files = inputs_named(plan, status);
    for (const FileMetaPtr& file : files) {
        // A full compaction tries those too; they are read again anyway.
        if (!aside_.has(file->number)) leave_out(*file, status);
    }
    tell_health();
    return !files.empty();
}

/// Requires mutex_, and a live table.
void Compactor::leave_out(const FileMeta& file, const Status& why) {
    const bool was_opened = tables_.slot(file)->reader() != nullptr;
    const uint64_t while_ms = aside_.add_for_a_while(
        file.number, why, was_opened ? SetAside::kLongestMs : SetAside::kLongestUnopenedMs);
    if (while_ms == UINT64_MAX) return;
    context_.log(LogLevel::kWarning, "compaction leaves out " + table_file_name(file.number) +
                                         " for " + std::to_string(while_ms) + " ms");
    context_.post_after(Lane::kCompaction, while_ms, [this, number = file.number, was_opened] {
        read_again(number, was_opened);
    });
}

/// Finds out, without a merge in vain, whether a table that was left out can be read. One that
/// could not be opened is only opened.
void Compactor::read_again(uint64_t number, bool whole) {
    const VersionPtr version = manifest_.current();  // keeps the table
    FileMetaPtr file;
    for (int level = 0; level < kLevels && file == nullptr; ++level) {
        file = version->find_number(level, number);
    }
    Status status;
    if (file != nullptr && !stopping_) {
        const auto table = tables_.open(*tables_.slot(*file));
        status = table.is_ok() && whole ? (*table)->verify() : table.status();
    }
    {
        std::lock_guard lock(mutex_);
        if (aside_.damaged().count(number) != 0) return;
        // Of anything else that is wrong with it, a job will tell.
        if (status.is(Code::kIoError)) {
            leave_out(*file, status);
        } else {
            aside_.forget(number);
        }
        tell_health();
    }
    on_compacted_();
    schedule();
}

/// Requires mutex_.
void Compactor::tell_health() {
    if (aside_.empty()) {
        health_.clear(Health::Cause::kCompaction);
    } else {
        health_.raise(Health::Cause::kCompaction, aside_.why());
    }
}

/// Requires mutex_.
void Compactor::retry_later() {
    waiting_for_retry_ = true;
    if (std::exchange(retry_timer_is_set_, true)) return;
    context_.post_after(Lane::kCompaction, kRetryMs, [this] { retry(); });
}

void Compactor::retry() {
    const Status settled = settle_doubt();
    {
        std::lock_guard lock(mutex_);
        waiting_for_retry_ = retry_timer_is_set_ = false;
        if (!settled.is_ok()) {
            last_failure_ = settled;
            retry_later();
            // A full compaction would wait for as long as the MANIFEST cannot be written.
            if (manual_ != nullptr && manual_->running == 0) finish_manual(settled);
        } else if (is_in_doubt()) {
            retry_later();  // another job's commit was, just now
        }
    }
    schedule();
}

void Compactor::give_up_outputs(const CompactionPlan& plan, const CompactionResult& result) {
    {
        std::lock_guard lock(mutex_);
        commit_in_doubt_ = true;
    }
    if (plan.move_only) return;
    std::vector<FileName> outputs;
    for (const AddedFile& added : result.edit.added) {
        outputs.push_back({FileKind::kTable, added.meta.number});
        (void)tables_.slot(added.meta);  // it takes room until it is collected
    }
    manifest_.files().put_back(outputs);
}

/// Whether a commit was doubtful and nothing has been committed since: what a job wrote now could
/// neither be committed nor unlinked. An open leaves the MANIFEST in doubt too, but there the next
/// edit settles that. Requires mutex_.
bool Compactor::is_in_doubt() {
    if (commit_in_doubt_ && !manifest_.in_doubt()) commit_in_doubt_ = false;
    return commit_in_doubt_;
}

/// If a commit was doubtful, begins a new MANIFEST; what was given up can be unlinked then.
Status Compactor::settle_doubt() {
    {
        std::lock_guard lock(mutex_);
        if (stopping_ || !is_in_doubt()) return Status::ok();
    }
    KV_RETURN_IF_ERROR(manifest_.apply({}).with_context("settling a compaction"));
    garbage_.schedule();
    return Status::ok();
}

Status Compactor::last_failure() const {
    const VersionPtr version = manifest_.current();
    std::lock_guard lock(mutex_);
    if (!last_failure_.is_ok()) return last_failure_;
    return keeps_level0(*version, aside_.all()) ? aside_.why() : Status::ok();
}

bool Compactor::is_level0_stuck() const {
    const VersionPtr version = manifest_.current();
    std::lock_guard lock(mutex_);
    return keeps_level0(*version, aside_.damaged());
}

/// Whether nothing of level 0 can be merged without `tables`.
bool Compactor::keeps_level0(const Version& version, const std::set<uint64_t>& tables) const {
    if (tables.empty() || version.files(0).empty()) return false;
    PickerState state;
    state.busy = tables;
    return !level0_can_merge(version, picker_options_, state);
}

}  // namespace kv::db
