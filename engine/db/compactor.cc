// See the header. What follows from a job that failed is in compaction_failures.cc.
// SPDX-License-Identifier: Apache-2.0
#include "db/compactor.h"

#include <algorithm>
#include <utility>

#include "db/derived_options.h"

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
      threads_(compaction_threads(context.options)),
      picker_options_(picker_options(context.options)),
      runner_(context, threads_) {}

void Compactor::schedule() {
    while (start_next()) {
    }
}

DropRules Compactor::rules_now() const {
    DropRules rules;
    rules.snapshots = snapshots_.list_with([this] { return log_.published(); }, rules.published);
    rules.now_ms = context_.clock.wall_ms();
    return rules;
}

bool Compactor::start_next() {
    std::lock_guard lock(mutex_);
    if (stopping_ || waiting_for_retry_ || is_in_doubt()) return false;
    const VersionPtr base = manifest_.current();
    watch_for_rest(*base);
    if (!knows_range_deletes(base)) return false;
    // One merge of level 0 may run beyond the number of threads: it goes ahead of the others.
    const bool only_urgent = running_.size() >= threads_;
    if (only_urgent && (runs_urgent() || base->files(0).size() < picker_options_.level0_trigger)) {
        return false;
    }
    DropRules rules = rules_now();
    Manual* manual = nullptr;
    auto plan = pick(*base, rules, &manual);
    if (!plan.has_value() || (only_urgent && !plan->is_urgent)) return false;
    start(std::move(*plan), base, std::move(rules), manual);
    return true;
}

/// Whether the range deletes of `version` are at hand; if not, sees to it that they are read and
/// picking goes on then. Requires mutex_.
bool Compactor::knows_range_deletes(const VersionPtr& version) {
    if (range_deletes_.version.lock() == version) return true;
    const auto has_some = [](const FileMetaPtr& file) { return file->range_tombstones != 0; };
    bool any = false;
    for (int level = 0; level < kLevels && !any; ++level) {
        const auto& files = version->files(level);
        any = std::any_of(files.begin(), files.end(), has_some);
    }
    if (!any) {
        range_deletes_ = {};
        range_deletes_.version = version;
    } else if (!reads_range_deletes_) {
        reads_range_deletes_ = true;
        context_.post(Lane::kCompaction, [this] { read_range_deletes(); });
    }
    return !any;
}

void Compactor::read_range_deletes() {
    {
        const VersionPtr version = manifest_.current();
        RangeDeletes read;
        read.version = version;
        for (int level = 0; level < kLevels; ++level) {
            for (const FileMetaPtr& file : version->files(level)) {
                if (file->range_tombstones == 0) continue;
                // One that cannot be opened covers nothing here; whoever reads it tells.
                const auto table = tables_.open(*tables_.slot(*file));
                if (table.is_ok()) read.sets.push_back((*table)->range_tombstones());
            }
        }
        std::lock_guard lock(mutex_);
        range_deletes_ = std::move(read);
        reads_range_deletes_ = false;
    }
    schedule();
    on_compacted_();  // picking may have found nothing, which others wait to hear
}

/// Requires mutex_ and that the range deletes of `version` are known.
std::optional<CompactionPlan> Compactor::pick_covered_tables(const Version& version,
                                                             const PickerState& state) {
    RangeDeletes& known = range_deletes_;
    const bool may_find =
        !known.is_searched || (known.more_later && state.oldest_read != known.searched_at);
    if (known.sets.empty() || !may_find) return std::nullopt;
    CoveredTables found = pick_covered(version, known.sets, state);
    known.is_searched = true;
    known.more_later = found.more_later;
    known.searched_at = state.oldest_read;
    return std::move(found.plan);
}

bool Compactor::runs_urgent() const {
    return std::any_of(running_.begin(), running_.end(),
                       [](const CompactionPlan* plan) { return plan->is_urgent; });
}

std::optional<CompactionPlan> Compactor::pick(const Version& version, const DropRules& rules,
                                              Manual** manual) {
    PickerState state;
    state.running = running_;
    for (const CompactionPlan* plan : running_) {
        for (const uint64_t number : plan->input_numbers()) state.busy.insert(number);
    }
    state.now_ms = rules.now_ms;
    state.oldest_read = rules.snapshots.empty() ? rules.published : rules.snapshots.front();
    state.at_rest = at_rest_;
    state.room_bytes = context_.disk.urgent_bytes();
    state.wants_space = context_.disk.is_short();
    // Also of one that cannot be read: nothing is.
    if (auto plan = pick_covered_tables(version, state)) return plan;
    PickerState readable = state;
    readable.busy.merge(aside_.all());
    if (manual_ != nullptr && manual_->status.is_ok()) {
        // A full compaction takes long, and what is flushed meanwhile is none of its business.
        if (auto plan = pick_within_budget(version, readable, true)) return plan;
        bool blocked = false;
        auto plan = pick_full_step(version, manual_->what, picker_options_, state, &blocked);
        if (plan) {
            *manual = manual_;
            return plan;
        }
        if (!blocked && manual_->running == 0) finish_manual(Status::ok());
    }
    watch_for_expiry(version, rules.now_ms);
    auto plan = pick_within_budget(version, readable, false);
    // Nothing runs that could give a full compaction room, nor are there dead tables to go.
    if (!plan && manual_ != nullptr && manual_->status.is_ok() && running_.empty() &&
        tables_.file_bytes() <= version.total_bytes()) {
        finish_manual(context_.disk.refusal());
    }
    return plan;
}

/// Tries to leave the room that writes need. What is urgent gets all there is: level 0, and
/// anything when writes are refused already.
std::optional<CompactionPlan> Compactor::pick_within_budget(const Version& version,
                                                            const PickerState& state,
                                                            bool only_level0) const {
    PickerState with_room = state;
    with_room.room_bytes = context_.disk.spare_bytes();
    auto plan = pick_level0_merge(version, picker_options_, with_room);
    if (!plan) plan = pick_level0_merge(version, picker_options_, state);
    if (plan || only_level0) return plan;
    return pick_compaction(version, picker_options_, state.wants_space ? state : with_room);
}

/// Requires mutex_.
void Compactor::count_promised() {
    uint64_t bytes = 0, written = 0;
    for (const CompactionPlan* plan : running_) {
        bytes += plan->scratch_bytes();
        if (written_.count(plan) != 0) written += plan->scratch_bytes();
    }
    context_.disk.promise(bytes, written);
}

/// Another thread picks as soon as the promise of room is taken back: by then the outputs have to
/// count as used.
void Compactor::count_written(const CompactionPlan& plan) {
    {
        std::lock_guard lock(mutex_);
        written_.insert(&plan);
        count_promised();
    }
    on_compacted_();
}

bool Compactor::is_running() const {
    std::lock_guard lock(mutex_);
    return !running_.empty() || reads_range_deletes_;
}

void Compactor::start(CompactionPlan plan, VersionPtr base, DropRules rules, Manual* manual) {
    if (manual != nullptr) {
        ++manual->running;
        ++manual->steps;
    }
    const CompactionContext job_context{
        context_.fs, context_.dir,
        [this](const FileMeta& file) { return tables_.open(*tables_.slot(file)); },
        [this] { return manifest_.allocate_file_number(); }, &stopping_};
    CompactionJobOptions job_options;
    job_options.table =
        table_options(context_.options, TableReason::kCompaction, *base, plan.output_level);
    job_options.table_bytes = context_.options.table_bytes;
    const Task task{base, manual, context_.clock.monotonic_us()};
    auto job = std::make_shared<CompactionJob>(job_context, std::move(plan), std::move(base),
                                               std::move(rules), job_options);
    running_.push_back(&job->plan());
    count_promised();
    const std::weak_ptr<CompactionJob> same = job;  // whoever runs it holds it until it is done
    const bool started = runner_.start(job, [this, same, task](Result<CompactionResult> result) {
        const std::shared_ptr<CompactionJob> done = same.lock();
        complete(done->plan(), task, std::move(result));
    });
    if (started) return;
    running_.pop_back();
    count_promised();
    stopping_ = true;  // the store is closing: nothing will be started any more
    if (manual == nullptr) return;
    if (manual->status.is_ok()) manual->status = {Code::kCancelled, "the store is closing"};
    if (--manual->running == 0) finish_manual(manual->status);
}

void Compactor::complete(const CompactionPlan& plan, const Task& task,
                         Result<CompactionResult> result) {
    const Status status = result.is_ok() ? commit(plan, *result, task.began_us) : result.status();
    if (result.is_ok() && context_.disk.budget_bytes() != 0) count_written(plan);
    finish(plan, status, !result.is_ok(), task.manual);
    garbage_.schedule();  // a new MANIFEST may have replaced one; the inputs are still held here
    on_compacted_();
    schedule();
}

Status Compactor::commit(const CompactionPlan& plan, const CompactionResult& result,
                         uint64_t began_us) {
    if (result.counters.dropped_tombstone + result.counters.dropped_expired +
            result.counters.dropped_covered + result.counters.forgotten_ranges !=
        0) {
        Seqno newest = 0;
        for (const PlanInput& input : plan.inputs) {
            newest = std::max(newest, input.file->largest_seqno);
        }
        raise_forgotten(newest);
    }
    const Status applied = manifest_.apply(result.edit);
    if (!applied.is_ok()) {
        if (applied.is(Code::kCorruption)) {  // and nothing was written
            const Status discarded = discard_outputs(context_.fs, context_.dir, result);
            if (!discarded.is_ok()) {
                context_.log(LogLevel::kWarning,
                             "outputs of a refused compaction stay until the "
                             "next open: " +
                                 discarded.to_string());
            }
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
    Counters::add(counters.dropped_shadowed,
                  result.counters.dropped_shadowed + result.counters.dropped_covered);
    Counters::add(counters.dropped_tombstone, result.counters.dropped_tombstone);
    Counters::add(counters.dropped_expired, result.counters.dropped_expired);
    context_.log(LogLevel::kInfo,
                 "compaction: " + plan.reason +
                     (plan.move_only   ? ", moved"
                      : plan.drop_only ? ", dropped"
                                       : "") +
                     "; " + std::to_string(plan.inputs.size()) + " tables into " +
                     std::to_string(result.edit.added.size()) + " of level " +
                     std::to_string(plan.output_level) + ", " +
                     std::to_string(result.counters.entries_in) + " entries in, " +
                     std::to_string(result.counters.entries_out) + " out, " +
                     std::to_string(result.bytes_written) + " bytes written, " +
                     std::to_string((context_.clock.monotonic_us() - began_us) / 1000) + " ms");
    return Status::ok();
}

void Compactor::raise_forgotten(Seqno newest) {
    std::lock_guard lock(mutex_);
    std::atomic<Seqno>& forgotten = context_.forgotten_seqno;
    forgotten.store(std::max(forgotten.load(), newest), std::memory_order_release);
}

/// Sets a timer that finds out whether anything was written since, over and over until nothing was.
/// Only level 0 is tidied up then. Requires mutex_.
void Compactor::watch_for_rest(const Version& version) {
    const Seqno flushed = manifest_.counters().flushed_seqno;
    if (flushed != flushed_) at_rest_ = false;
    flushed_ = flushed;
    if (rest_watched_ || at_rest_ || version.files(0).empty()) return;
    rest_watched_ = true;
    context_.post_after(Lane::kCompaction, kRestMs, [this, published = log_.published()] {
        {
            std::lock_guard rest_lock(mutex_);
            rest_watched_ = false;
            at_rest_ = log_.published() == published;
        }
        schedule();
    });
}

/// Sets a timer for when so much of some table has expired that it is worth a rewrite. Requires
/// mutex_.
void Compactor::watch_for_expiry(const Version& version, uint64_t now_ms) {
    const uint64_t next = next_expiry_work_ms(version, now_ms);
    if (next >= expiry_watched_ms_ && expiry_watched_ms_ > now_ms) return;
    expiry_watched_ms_ = next;
    if (next == UINT64_MAX) return;
    context_.post_after(Lane::kCompaction, next - now_ms, [this, next] {
        {
            // By the wall clock it may be too early: it was set back. Then another timer is needed.
            std::lock_guard expiry_lock(mutex_);
            if (expiry_watched_ms_ == next) expiry_watched_ms_ = UINT64_MAX;
        }
        schedule();
    });
}

/// Requires mutex_ and manual_.
void Compactor::finish_manual(const Status& status) {
    Manual& manual = *std::exchange(manual_, nullptr);
    if (status.is_ok()) {
        context_.log(LogLevel::kInfo,
                     "full compaction: complete after " + std::to_string(manual.steps) + " steps");
    }
    manual.status = status;
    context_.executor.signal(manual.done);
}

Status Compactor::compact_all() {
    KV_RETURN_IF_ERROR(settle_doubt());
    Manual manual;
    {
        std::lock_guard lock(mutex_);
        if (stopping_) return {Code::kUnavailable, "the store is closing"};
        if (manual_ != nullptr) {
            return {Code::kOverloaded, "a full compaction is under way already", 1000};
        }
        manual.what.up_to = manifest_.current()->largest_seqno();
        manual.what.first_number = manifest_.next_file_number();
        manual_ = &manual;
        waiting_for_retry_ = false;
    }
    schedule();
    context_.executor.wait(manual.done);
    return manual.status;
}

void Compactor::stop() {
    stopping_.store(true);
    std::lock_guard lock(mutex_);
    if (manual_ != nullptr && manual_->running == 0) {
        finish_manual(Status(Code::kCancelled, "the store is closing"));
    }
}

}  // namespace kv::db
