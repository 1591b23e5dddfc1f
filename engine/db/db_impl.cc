// Wiring, writes and shutdown of an open store. Reads are in db_reads.cc.
// SPDX-License-Identifier: Apache-2.0
#include "db/db_impl.h"

#include "db/checkpoint.h"

namespace kv {

Result<std::unique_ptr<Db>> Db::open(const Options& options, const std::string& path) {
    KV_ASSIGN_OR_RETURN(db::OpenedFiles files, db::open_files(options, path));
    return std::unique_ptr<Db>(std::make_unique<db::DbImpl>(std::move(files)));
}

Result<bool> Db::get_into(Bytes key, const ReadOptions& options, Entry& entry) {
    KV_ASSIGN_OR_RETURN(std::optional<Entry> found, get(key, options));
    if (found) entry = std::move(*found);
    return found.has_value();
}

Result<std::optional<EntryHead>> Db::get_head(Bytes key, const ReadOptions& options) {
    KV_ASSIGN_OR_RETURN(const std::optional<Entry> found, get(key, options));
    if (!found) return std::optional<EntryHead>();
    return std::optional<EntryHead>({found->value.size(), found->seqno, found->expiry_ms});
}

WriteResult Db::put(Bytes key, Bytes value, Durability durability) {
    WriteBatch batch;
    batch.put(key, value);
    return write(std::move(batch), durability);
}

WriteResult Db::del(Bytes key, Durability durability) {
    WriteBatch batch;
    batch.del(key);
    return write(std::move(batch), durability);
}

}  // namespace kv

namespace kv::db {

DbImpl::DbImpl(OpenedFiles files)
    : own_executor_(std::move(files.own_executor)),
      context_(std::move(files.context)),
      lock_(std::move(files.lock)),
      manifest_(std::move(files.manifest)),
      budget_(context_->options, files.explicit_cache_bytes),
      blocks_(context_->options.block_cache_bytes),
      rows_(row_memory_bytes(context_->options),
            [this] { context_->post(Lane::kLogCare, [this] { budgets_.refresh(); }); }),
      tables_(context_->fs, context_->dir, blocks_),
      snapshots_(std::make_shared<SnapshotList>()),
      health_(*context_),
      garbage_(*context_, *manifest_, tables_, files.log.obsolete),
      log_(*context_, *manifest_, health_, files.log.last, files.log.next_segment,
           files.log.last_seqno),
      views_([this](std::unique_ptr<const ReadView> view) { retire_view(std::move(view)); }),
      shape_(*manifest_, tables_, views_),
      flusher_(*context_, *manifest_, health_, log_, shape_, *snapshots_, garbage_),
      compactor_(*context_, *manifest_, health_, log_, shape_, *snapshots_, tables_, garbage_),
      admission_(Admission::limits_for(context_->options)),
      commit_(*context_, health_, log_, views_, tables_, admission_,
              {[this] { return freeze_memtable(); }, [this] { return is_overloaded(); }},
              files.log.last_seqno) {
    // What was forgotten before the restart is not recorded.
    context_->forgotten_seqno = files.log.last_seqno;
    connect();
    shape_.start(files.memtable);
    commit_.set_active(std::move(files.memtable));
    budgets_.refresh();
    context_->post(Lane::kFlush, [this] {
        log_.prepare_next();
        garbage_.schedule();  // the first edit since the open, if not before, began a new MANIFEST
    });
    pressure_.refresh();
    compactor_.schedule();
}

void DbImpl::connect() {
    context_->memtable_blocks->on_low([this] {
        context_->post(Lane::kLogCare, [this] { context_->memtable_blocks->refill(); });
    });
    garbage_.on_collected([this] {
        budgets_.refresh();
        if (context_->disk.budget_bytes() != 0) compactor_.schedule();  // more may have room now
        free_space();
    });
    tables_.on_opened([this] { budgets_.refresh(); });
    log_.on_progress([this] {
        flusher_.schedule();
        if (health_.state() != StoreState::kOk) answer_flush_waiters();
        commit_.kick_if_waiting();
        free_space();
    });
    flusher_.on_flushed([this] {
        budgets_.refresh();
        pressure_.refresh();
        answer_flush_waiters();
        compactor_.schedule();
        commit_.kick_if_waiting();
        free_space();
    });
    snapshots_->on_oldest_released([this] {
        // Whoever lets a snapshot go has no time for the picker.
        context_->post(Lane::kCompaction, [this] { compactor_.schedule(); });
    });
    compactor_.on_compacted([this] {
        budgets_.refresh();
        pressure_.refresh();
        commit_.kick_if_waiting();
    });
}

DbImpl::~DbImpl() {
    // The last write in line: when it is answered, everything before it is too.
    const Status synced = sync();
    if (!synced.is_ok()) {
        context_->log(LogLevel::kError, "closing without a final sync: " + synced.to_string());
    }
    snapshots_->on_oldest_released(nullptr);  // they may outlive the store
    compactor_.stop();
    context_->gate->close(context_->executor);
    context_->memtable_blocks->on_low(nullptr);  // as may memtables that readers hold
    views_.clear();
}

void DbImpl::retire_view(std::unique_ptr<const ReadView> view) {
    // Freeing a memtable takes long: not here. Nor behind a compaction, since the next memtable
    // wants its memory.
    std::shared_ptr<const ReadView> shared = std::move(view);
    context_->post(Lane::kFlush, [this, shared = std::move(shared)]() mutable {
        shared.reset();
        garbage_.schedule();  // the tables it held may be deletable now
    });
}

/// Where the disk budget is used up, what was deleted has to reach the tables that hold it. One
/// memtable at a time, so that what comes meanwhile is gathered.
void DbImpl::free_space() {
    if (!context_->disk.is_short() || shape_.immutable_count() != 0 || compactor_.is_running()) {
        return;
    }
    if (shape_.active_deletes()) commit_.request_freeze();
}

bool DbImpl::freeze_memtable() {
    auto fresh = shape_.freeze(MemoryBudget::kMaxImmutables);
    if (fresh == nullptr) return false;
    commit_.set_active(std::move(fresh));
    budgets_.refresh();
    pressure_.refresh();
    flusher_.schedule();
    return true;
}

void DbImpl::observe_pressure() {
    const VersionPtr version = manifest_->current();
    Admission::Pressure pressure;
    pressure.level0_tables = shape_.level0_tables();
    pressure.debt_bytes = compactor_.debt_bytes();
    for (int level = 0; level < kLevels; ++level) pressure.stored_bytes += version->bytes(level);
    pressure.immutables = shape_.immutable_count();
    pressure.written_bytes = context_->counters.log_bytes;
    admission_.observe(pressure, context_->clock.monotonic_us());
    judge_level0();
}

/// Of all memtables but the active one: those that wait for flush count in full; of those that only
/// readers hold no more is known than the blocks they lie in.
uint64_t DbImpl::waiting_memtable_bytes() const {
    const uint64_t full = context_->options.memtable_bytes;
    const uint64_t in_blocks = context_->memtable_blocks->used_bytes();
    return std::max(shape_.immutable_count() * full, in_blocks > full ? in_blocks - full : 0);
}

void DbImpl::update_budgets() {
    // The next segment is made ahead of its use, and a new MANIFEST before the old one goes.
    context_->disk.update(tables_.file_bytes() + log_.live_bytes() +
                          context_->options.wal_segment_bytes + 2 * manifest_->size_bytes());
    if (context_->disk.verdict() == DiskBudget::Verdict::kRoom &&
        context_->told_no_room.exchange(false, std::memory_order_relaxed)) {
        context_->log(LogLevel::kInfo, "disk budget: there is room again, writes are taken");
    }
    // The active memtable counts as full: what it will take is not the cache's.
    blocks_.set_capacity(budget_.cache_bytes({.memtable_bytes = waiting_memtable_bytes(),
                                              .table_bytes = tables_.memory_bytes(),
                                              .row_bytes = rows_.memory_bytes(),
                                              .held_bytes = blocks_.held_bytes()}));
}

void DbImpl::judge_level0() {
    Status cause;
    const uint64_t tables = shape_.level0_tables();
    if (tables >= context_->options.level0_stop_trigger) {
        cause = compactor_.is_level0_stuck()
                    ? Status::corruption("it holds " + std::to_string(tables) +
                                         " tables and a damaged one keeps them from being merged; "
                                         "restore it from a backup and restart")
                    : compactor_.last_failure();
    }
    if (cause.is_ok()) {
        health_.clear(Health::Cause::kLevel0Full);
    } else {
        health_.raise(Health::Cause::kLevel0Full, cause);
    }
}

bool DbImpl::is_overloaded() const {
    return shape_.level0_tables() >= context_->options.level0_stop_trigger ||
           admission_.is_overloaded();
}

WriteResult DbImpl::write(WriteBatch batch, Durability durability) {
    return commit_.write(std::move(batch), durability);
}

void DbImpl::submit(std::vector<std::unique_ptr<WriteRequest>> requests, Submitter submitter) {
    commit_.submit(std::move(requests), submitter);
}

Status DbImpl::sync() { return commit_.write(WriteBatch(), Durability::kDisk).status; }

Status DbImpl::flush() {
    KV_RETURN_IF_ERROR(sync());
    FlushWaiter waiter{.target = log_.published(), .status = {}, .done = {}};
    if (manifest_->counters().flushed_seqno >= waiter.target) return Status::ok();
    {
        std::lock_guard lock(waiters_mutex_);
        flush_waiters_.push_back(&waiter);
    }
    commit_.request_freeze();
    answer_flush_waiters();  // a flush may have ended, or the store failed, before we were listed
    context_->executor.wait(waiter.done);
    return waiter.status;
}

void DbImpl::answer_flush_waiters() {
    const Seqno flushed = manifest_->counters().flushed_seqno;
    const bool refused = health_.state() != StoreState::kOk;
    std::lock_guard lock(waiters_mutex_);
    std::erase_if(flush_waiters_, [&](FlushWaiter* waiter) {
        if (flushed < waiter->target && !refused) return false;
        if (flushed < waiter->target) waiter->status = health_.refusal();
        context_->executor.signal(waiter->done);
        return true;
    });
}

Result<CheckpointInfo> DbImpl::checkpoint(const std::string& dir,
                                          const CheckpointOptions& options) {
    KV_RETURN_IF_ERROR(sync());
    return write_checkpoint(*context_, *manifest_, log_, garbage_, dir, options);
}

Status DbImpl::clear() {
    WriteBatch batch;
    batch.delete_range({}, std::nullopt);
    KV_RETURN_IF_ERROR(write(std::move(batch), Durability::kDisk).status);
    return flush();
}

Status DbImpl::compact_all() {
    KV_RETURN_IF_ERROR(flush());
    return compactor_.compact_all();
}

}  // namespace kv::db
