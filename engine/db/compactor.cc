// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/compactor.h"

#include <algorithm>

#include "db/flusher.h"
#include "record/file_names.h"

namespace kv::db {

Compactor::Compactor(StoreContext& context, Manifest& manifest, Health& health, const LogStage& log,
                     Shape& shape, const SnapshotList& snapshots, TableCache& tables,
                     GarbageCollector& garbage)
    : context_(context),
      manifest_(manifest),
      health_(health),
      log_(log),
      shape_(shape),
      snapshots_(snapshots),
      tables_(tables),
      garbage_(garbage),
      picker_options_{.level0_trigger = context.options.level0_compaction_trigger,
                      .level1_bytes = context.options.level1_bytes,
                      .ratio = 10,
                      .table_bytes = context.options.table_bytes} {}

void Compactor::schedule() {
    while (start_next()) {
    }
}

bool Compactor::start_next() {
    std::lock_guard lock(mutex_);
    if (stopping_ || waiting_for_retry_ || running_ >= context_.options.compaction_threads) {
        return false;
    }
    PickerState state;
    state.busy = busy_;
    Manual* manual = nullptr;
    VersionPtr base = manifest_.current();
    std::optional<CompactionPlan> plan;
    if (manual_ != nullptr) {
        if (running_ != 0) return false;  // everything at once needs everything idle
        manual = std::exchange(manual_, nullptr);
        plan = pick_full_compaction(*base, state);
        if (!plan.has_value()) {
            finish_manual(manual, Status::ok());
            return true;
        }
    } else {
        state.busy.insert(damaged_.begin(), damaged_.end());
        plan = pick_compaction(*base, picker_options_, state);
        if (!plan.has_value()) return false;
    }
    for (const uint64_t number : plan->input_numbers()) busy_.insert(number);
    ++running_;
    auto shared = std::make_shared<CompactionPlan>(std::move(*plan));
    context_.post(Lane::kCompaction, [this, shared, base, manual] { run(shared, base, manual); });
    return true;
}

void Compactor::run(std::shared_ptr<CompactionPlan> plan, VersionPtr base, Manual* manual) {
    const Status status = carry_out(*plan, base);
    finish(*plan, status, manual);
    garbage_.schedule();
    on_compacted_();
    schedule();
}

Status Compactor::carry_out(const CompactionPlan& plan, const VersionPtr& base) {
    DropRules rules;
    rules.snapshots = snapshots_.list_with([this] { return log_.published(); }, rules.published);
    rules.now_ms = context_.clock.wall_ms();
    const CompactionContext job_context{
        context_.fs, context_.dir,
        [this](const FileMeta& file) { return tables_.open(*tables_.slot(file)); },
        [this] { return manifest_.allocate_file_number(); }, &stopping_};
    CompactionJobOptions job_options;
    job_options.table = table_options(context_.options, TableReason::kCompaction);
    job_options.table_bytes = context_.options.table_bytes;
    const uint64_t began_us = context_.clock.monotonic_us();
    CompactionJob job(job_context, plan, base, std::move(rules), job_options);
    KV_ASSIGN_OR_RETURN(const CompactionResult result, job.run());
    return commit(plan, result, began_us);
}

Status Compactor::commit(const CompactionPlan& plan, const CompactionResult& result,
                         uint64_t began_us) {
    if (result.counters.dropped_tombstone + result.counters.dropped_expired != 0) {
        Seqno newest = 0;
        for (const PlanInput& input : plan.inputs) {
            newest = std::max(newest, input.file->largest_seqno);
        }
        raise_forgotten(newest);
    }
    const Status applied = manifest_.apply(result.edit);
    if (!applied.is_ok()) {
        if (applied.is(Code::kCorruption)) {
            KV_RETURN_IF_ERROR(discard_outputs(context_.fs, context_.dir, result));
        } else {
            give_up_outputs(plan, result);
        }
        return applied.with_context("committing a compaction");
    }
    shape_.version_changed();
    Counters& counters = context_.counters;
    Counters::add(counters.compactions, 1);
    Counters::add(counters.compaction_read_bytes, result.bytes_read);
    Counters::add(counters.compaction_written_bytes, result.bytes_written);
    context_.level_written_bytes[static_cast<size_t>(plan.output_level)] += result.bytes_written;
    context_.latencies.compaction.add(context_.clock.monotonic_us() - began_us);
    Counters::add(counters.dropped_shadowed, result.counters.dropped_shadowed);
    Counters::add(counters.dropped_tombstone, result.counters.dropped_tombstone);
    Counters::add(counters.dropped_expired, result.counters.dropped_expired);
    context_.log(LogLevel::kInfo,
                 "compaction: " + plan.reason + (plan.move_only ? ", moved" : "") + "; " +
                     std::to_string(plan.inputs.size()) + " tables into " +
                     std::to_string(result.edit.added.size()) + " of level " +
                     std::to_string(plan.output_level) + ", " +
                     std::to_string(result.counters.entries_in) + " entries in, " +
                     std::to_string(result.counters.entries_out) + " out, " +
                     std::to_string(result.bytes_written) + " bytes written, " +
                     std::to_string((context_.clock.monotonic_us() - began_us) / 1000) + " ms");
    return Status::ok();
}

void Compactor::give_up_outputs(const CompactionPlan& plan, const CompactionResult& result) {
    if (plan.move_only) return;
    std::vector<FileName> outputs;
    for (const AddedFile& added : result.edit.added) {
        outputs.push_back({FileKind::kTable, added.meta.number});
    }
    manifest_.files().put_back(outputs);
}

void Compactor::raise_forgotten(Seqno newest) {
    std::lock_guard lock(mutex_);
    std::atomic<Seqno>& forgotten = context_.forgotten_seqno;
    forgotten.store(std::max(forgotten.load(), newest), std::memory_order_release);
}

void Compactor::finish(const CompactionPlan& plan, const Status& status, Manual* manual) {
    const bool damage = status.is(Code::kCorruption) || status.is(Code::kUnsupported);
    if (damage) {
        health_.raise(Health::Cause::kCompaction, status);
    } else if (!status.is_ok() && !status.is(Code::kCancelled)) {
        context_.log(LogLevel::kWarning,
                     "compaction failed, will try again: " + status.to_string());
    }
    std::lock_guard lock(mutex_);
    --running_;
    for (const uint64_t number : plan.input_numbers()) {
        busy_.erase(number);
        if (damage) damaged_.insert(number);
    }
    if (status.is_ok()) last_failure_ = Status::ok();
    if (!status.is_ok() && !damage && !stopping_) {
        last_failure_ = status;
        waiting_for_retry_ = true;
        context_.post_after(Lane::kCompaction, kRetryMs, [this] {
            {
                std::lock_guard retry_lock(mutex_);
                waiting_for_retry_ = false;
            }
            schedule();
        });
    }
    if (manual != nullptr) finish_manual(manual, status);
    if (stopping_ && manual_ != nullptr) {
        finish_manual(std::exchange(manual_, nullptr),
                      Status(Code::kCancelled, "the store is closing"));
    }
}

void Compactor::finish_manual(Manual* manual, const Status& status) {
    manual->status = status;
    context_.executor.signal(manual->done);
}

Status Compactor::compact_all() {
    Manual manual;
    {
        std::lock_guard lock(mutex_);
        if (stopping_) return {Code::kUnavailable, "the store is closing"};
        if (manual_ != nullptr) {
            return {Code::kOverloaded, "a full compaction is waiting already", 1000};
        }
        manual_ = &manual;
        waiting_for_retry_ = false;
    }
    schedule();
    context_.executor.wait(manual.done);
    return manual.status;
}

Status Compactor::last_failure() const {
    std::lock_guard lock(mutex_);
    return last_failure_;
}

bool Compactor::is_level0_stuck() const {
    const VersionPtr version = manifest_.current();
    std::lock_guard lock(mutex_);
    for (const FileMetaPtr& file : version->files(0)) {
        if (damaged_.count(file->number) != 0) return true;
    }
    return false;
}

void Compactor::stop() {
    stopping_.store(true);
    std::lock_guard lock(mutex_);
    if (running_ == 0 && manual_ != nullptr) {
        finish_manual(std::exchange(manual_, nullptr),
                      Status(Code::kCancelled, "the store is closing"));
    }
}

}  // namespace kv::db
