// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/commit_stage.h"

#include <algorithm>
#include <array>

#include "db/batch_limits.h"
#include "db/commit_view.h"
#include "kv/assert.h"
#include "kv/write_program.h"

namespace kv::db {

namespace {

/// Writes of others that a caller of Db::write may do before it hands the rest to the lane.
constexpr int kBlockedWritersRounds = 8;
/// What an overloaded store asks writers to wait: a few group syncs.
constexpr uint64_t kRetryAfterMs = 20;

/// What a request holds while it is queued.
size_t held_bytes(const WriteRequest& request) {
    const size_t program_bytes = request.program == nullptr ? 0 : request.program->held_bytes();
    return request.batch.size_bytes() + precondition_bytes(request.batch) + program_bytes;
}

/// Larger ones do this themselves, and nobody knows what a program will write.
bool is_fetched_ahead(const WriteRequest& request) {
    return request.program == nullptr && request.batch.count() <= Memtable::kTogether;
}

/// A program may write, so it needs what writes need.
bool may_write(const WriteRequest& request) {
    return request.batch.count() != 0 || request.program != nullptr;
}

}  // namespace

CommitStage::CommitStage(StoreContext& context, Health& health, LogStage& log, ViewRegistry& views,
                         TableCache& tables, Admission& admission, CommitHooks hooks,
                         Seqno last_seqno)
    : context_(context),
      health_(health),
      log_(log),
      views_(views),
      tables_(tables),
      admission_(admission),
      hooks_(std::move(hooks)),
      next_seqno_(last_seqno + 1) {}

bool CommitStage::push(std::unique_ptr<WriteRequest> request) {
    Status refusal = check_limits(request->batch, context_.options);
    const uint64_t bytes = held_bytes(*request);
    // A sync holds no memory to speak of: it goes through.
    if (refusal.is_ok() && (may_write(*request) || !request->batch.empty()) &&
        queued_bytes_.load(std::memory_order_relaxed) > context_.options.max_queued_write_bytes) {
        refusal =
            overloaded("too many writes wait for the disk (max_queued_write_bytes)", kRetryAfterMs);
    }
    // A caller that blocks anyway waits in the queue instead, for a bounded time.
    if (refusal.is_ok() && overloaded_.load(std::memory_order_relaxed) && may_write(*request) &&
        request->observer != nullptr) {
        refusal = overloaded("flush and compaction lag too far behind", Admission::kRetryAfterMs);
    }
    if (!refusal.is_ok()) {
        request->result.status = std::move(refusal);
        RequestChain refused;
        refused.push_back(std::move(request));
        log_.complete(std::move(refused));
        return false;
    }
    queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    queue_.push(std::move(request));
    return true;
}

void CommitStage::submit(std::vector<std::unique_ptr<WriteRequest>> requests, Submitter submitter) {
    bool any = false;
    for (auto& request : requests) {
        KV_ASSERT(request->observer != nullptr);
        any = push(std::move(request)) || any;
    }
    if (!any || !baton_.try_take()) return;
    switch (submitter) {
        case Submitter::kGoesOn:
            return run(Runner::kSubmitter);
        case Submitter::kOnlyWrites:
            return run(Runner::kWritingSubmitter);
        case Submitter::kWaits:
            return run(Runner::kIdleSubmitter);
    }
}

WriteResult CommitStage::write(WriteBatch batch, Durability durability) {
    BlockedWriter writer;
    writer.request.batch = std::move(batch);
    writer.request.durability = durability;
    if (push(BlockedWriters::lend(writer)) && baton_.try_take()) run(Runner::kBlockedWriter);
    log_.wait_for(writer);
    return std::move(writer.request.result);
}

void CommitStage::run(Runner runner) {
    const bool may_block = runner == Runner::kLane || runner == Runner::kBlockedWriter;
    // Of the log that others can add to meanwhile. Who submits has answers to deliver.
    int log_rounds = runner == Runner::kBlockedWriter ? kBlockedWritersRounds : 0;
    while (true) {
        const Step step = work(may_block);
        if (runner == Runner::kIdleSubmitter) log_rounds = log_.is_quick() ? 1 : 0;
        if (runner == Runner::kWritingSubmitter) log_rounds = log_.is_brief() ? 1 : 0;
        if (log_rounds == 0) log_.run(0);
        if (step != Step::kNeedsLane && baton_.release()) break;
        if (runner != Runner::kLane) {
            context_.post(Lane::kCommit, [this] { run_on_lane(); });  // the baton goes along
            break;
        }
    }
    if (log_rounds != 0) log_.run(log_rounds, runner == Runner::kBlockedWriter);
}

void CommitStage::run_on_lane() { run(Runner::kLane); }

void CommitStage::kick() {
    if (baton_.try_take()) context_.post(Lane::kCommit, [this] { run_on_lane(); });
}

void CommitStage::kick_if_waiting() {
    if (stalled_.load(std::memory_order_acquire) ||
        freeze_requested_.load(std::memory_order_acquire) || log_.needs_relog()) {
        kick();
    }
}

void CommitStage::request_freeze() {
    freeze_requested_.store(true, std::memory_order_release);
    kick();
}

void CommitStage::freeze_if_requested() {
    if (!freeze_requested_.load(std::memory_order_acquire)) return;
    // As long as it is requested, a flush that makes room brings us back.
    if (!active_->empty() && !hooks_.freeze_memtable()) return;
    freeze_requested_.store(false, std::memory_order_relaxed);
}

CommitStage::Step CommitStage::work(bool may_block) {
    if (log_.needs_relog()) {
        if (!may_block) return Step::kNeedsLane;
        log_.relog();
    }
    if (stall_check_due_.exchange(false, std::memory_order_acquire)) next_check_us_ = 0;
    freeze_if_requested();
    RequestChain fresh = queue_.take_all();
    if (newcomer_ == nullptr) newcomer_ = fresh.front();
    backlog_.append(std::move(fresh));
    while (!backlog_.empty()) {
        const Step step = form_group(may_block);
        if (step != Step::kWorked) return step;
    }
    count_stall(false);
    // Nobody waits any more. Submitted writes that are refused bring nobody here: as long as they
    // are, what makes room has to.
    if (overloaded_.load(std::memory_order_relaxed)) {
        stalled_.store(true, std::memory_order_seq_cst);
        (void)must_wait();
    }
    stalled_.store(overloaded_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    // Assigned an empty string, one keeps its memory.
    if (scratch_.capacity() > kGroupBytes) std::string().swap(scratch_);
    return Step::kWorked;
}

Status CommitStage::overloaded(const char* why, uint64_t retry_after_ms) {
    Counters::add(context_.counters.refused_writes, 1);
    context_.log_rarely(context_.refusal, LogLevel::kWarning,
                        [&] { return std::string("writes are refused: ") + why; });
    return {Code::kOverloaded, std::string(why) + "; try again later", retry_after_ms};
}

Status CommitStage::no_room() {
    Counters::add(context_.counters.no_room_writes, 1);
    Status refusal = context_.disk.refusal();
    const bool told = context_.log_rarely(context_.no_room, LogLevel::kWarning, [&] {
        return "writes are refused: " + std::string(refusal.message());
    });
    if (told) context_.told_no_room.store(true, std::memory_order_relaxed);
    return refusal;
}

bool CommitStage::must_wait() {
    const bool memtable_full = active_->is_full(context_.options.memtable_bytes);
    const bool full = (memtable_full && !hooks_.freeze_memtable()) || hooks_.is_overloaded();
    if (full != overloaded_.load(std::memory_order_relaxed)) {
        overloaded_.store(full, std::memory_order_relaxed);
    }
    pause_us_ = admission_.limits() ? admission_.wait_us(context_.clock.monotonic_us()) : 0;
    const bool wait = full || log_.is_full() || pause_us_ != 0;
    count_stall(wait && !backlog_.empty());
    return wait;
}

/// Adds up the time in which somebody waits.
void CommitStage::count_stall(bool stalls) {
    if (stalls == (stall_began_us_ != 0)) return;
    const uint64_t now_us = context_.clock.monotonic_us();
    if (!stalls) Counters::add(context_.counters.write_stall_us, now_us - stall_began_us_);
    stall_began_us_ = stalls ? now_us : 0;
}

std::unique_ptr<WriteRequest> CommitStage::pop_backlog() {
    std::unique_ptr<WriteRequest> request = backlog_.pop_front();
    if (newcomer_ == request.get()) newcomer_ = backlog_.front();
    queued_bytes_.fetch_sub(held_bytes(*request), std::memory_order_relaxed);
    return request;
}

CommitStage::Step CommitStage::form_group(bool may_block) {
    // What writes nothing needs no room anywhere, only a log that can be synced.
    const bool writes = may_write(*backlog_.front());
    if (writes ? health_.state() != StoreState::kOk : log_.needs_relog()) {
        refuse_front(writes, health_.refusal());
        return Step::kWorked;
    }
    if (writes && must_wait()) {
        // Said before looking again, so that progress made meanwhile finds the flag and comes back.
        stalled_.store(true, std::memory_order_seq_cst);
        if (must_wait()) return stall();
        stalled_.store(false, std::memory_order_relaxed);
    }
    Group group;
    group.record.swap(record_);
    group.record.clear();
    begin_log_record(group.record);
    group.first_seqno = next_seqno_;
    Step step = Step::kWorked;
    for (size_t fetched = 0;
         step == Step::kWorked && !backlog_.empty() && group.payload_bytes() < kGroupBytes;
         --fetched) {
        if (fetched == 0) fetched = prefetch_front();
        if (!writes && may_write(*backlog_.front())) break;  // nobody let it in
        step = add_front(group, may_block);
    }
    const bool empty = group.requests.empty();
    finish_group(std::move(group));
    // What could not join an empty group has to be solved elsewhere; else it opens the next one.
    return step == Step::kNeedsLane && empty ? Step::kNeedsLane : Step::kWorked;
}

/// Small writes wait for memory together, not one after the other. Returns how many requests were
/// looked at, one at least.
size_t CommitStage::prefetch_front() {
    std::array<Bytes, Memtable::kTogether> keys;
    size_t found = 0, seen = 0;
    for (const WriteRequest* each = backlog_.front(); each != nullptr && seen < keys.size();
         each = each->next, ++seen) {
        if (!is_fetched_ahead(*each)) continue;
        if (found + each->batch.count() > keys.size()) break;
        BatchReader reader(each->batch.encoded());
        for (Op op; reader.next(op);) keys[found++] = op.key;
    }
    if (found != 0) active_->prefetch({keys.data(), found});
    return seen;
}

CommitStage::Step CommitStage::stall() {
    // What stops us may have turned out to be for good: then the next round refuses.
    if (health_.state() != StoreState::kOk) return Step::kWorked;
    const uint64_t now_us = context_.clock.monotonic_us();
    mark_waiting(now_us);
    if (now_us >= next_expiry_us_) expire(now_us);
    if (backlog_.empty()) {
        count_stall(false);
        return Step::kStalled;
    }
    if (!may_write(*backlog_.front())) return Step::kWorked;  // it need not wait
    check_again_after(pause_us_ != 0 ? (pause_us_ + 999) / 1000 : kStallCheckMs);
    return Step::kStalled;
}

/// Notes since when they wait for those of the backlog that came since the last look. Pauses are
/// short and the backlog may be long: each request is visited once.
void CommitStage::mark_waiting(uint64_t now_us) {
    for (; newcomer_ != nullptr; newcomer_ = newcomer_->next) {
        newcomer_->stalled_us = now_us;
        Counters::add_alone(context_.counters.delayed_writes, 1);
    }
}

/// Answers those of the backlog that have waited long enough.
void CommitStage::expire(uint64_t now_us) {
    next_expiry_us_ = now_us + kStallCheckMs * 1000;
    RequestChain waiting, expired;
    while (!backlog_.empty()) {
        std::unique_ptr<WriteRequest> request = backlog_.pop_front();
        const bool too_long =
            may_write(*request) && now_us - request->stalled_us >= kLongestStallUs;
        const bool late = request->deadline_us != 0 && request->deadline_us <= now_us;
        if (!late && !too_long) {
            waiting.push_back(std::move(request));
            continue;
        }
        request->result.status =
            late ? Status(Code::kDeadline,
                          "the deadline passed while writes waited for flush or compaction")
                 : overloaded("waited for flush and compaction in vain", Admission::kRetryAfterMs);
        queued_bytes_.fetch_sub(held_bytes(*request), std::memory_order_relaxed);
        expired.push_back(std::move(request));
    }
    backlog_.append(std::move(waiting));
    log_.complete(std::move(expired));
}

void CommitStage::check_again_after(uint64_t delay_ms) {
    const uint64_t due_us = context_.clock.monotonic_us() + delay_ms * 1000;
    if (next_check_us_ != 0 && next_check_us_ <= due_us) return;
    next_check_us_ = due_us;
    context_.post_after(Lane::kCommit, delay_ms, [this] {
        stall_check_due_.store(true, std::memory_order_release);
        kick();
    });
}

/// Refuses the requests at the front that write something, or those that do not.
void CommitStage::refuse_front(bool writes, const Status& status) {
    RequestChain refused;
    while (!backlog_.empty() && may_write(*backlog_.front()) == writes) {
        std::unique_ptr<WriteRequest> request = pop_backlog();
        request->result.status = status;
        refused.push_back(std::move(request));
    }
    log_.complete(std::move(refused));
}

bool CommitStage::is_late(const WriteRequest& request, Group& group) const {
    if (request.deadline_us == 0) return false;
    if (group.now_us == 0) group.now_us = context_.clock.monotonic_us();
    return request.deadline_us <= group.now_us;
}

CommitStage::Step CommitStage::add_front(Group& group, bool may_block) {
    const WriteRequest& request = *backlog_.front();
    WriteResult result;
    if (is_late(request, group)) {
        result.status = {Code::kDeadline, "the deadline passed before the write could start"};
        take_front(group, std::move(result), Durability::kMemory);
        return Step::kWorked;
    }
    const WriteBatch& batch = request.program == nullptr ? request.batch : program_batch_;
    Bytes ops;
    result.status = work_out(request, batch, may_block, result, ops);
    if (result.status.is(Code::kWouldBlock)) return Step::kNeedsLane;
    if (!result.status.is_ok()) {
        context_.note_failed_read(result.status);  // of a precondition or a program
        // Answered in its turn: it may rest on writes that are not durable yet.
        result.counters.clear();
        take_front(group, std::move(result), Durability::kMemory);
        return Step::kWorked;
    }
    Durability needs = request.durability;
    if (batch.count() != 0) {
        // Only now is it known how large the mutations are.
        const Status room = log_.ensure_room_behind(group.payload_bytes(),
                                                    batch_bytes_bound(ops.size()), may_block);
        if (room.is(Code::kWouldBlock)) return Step::kNeedsLane;
        if (!room.is_ok()) return Step::kGroupFull;  // Health knows: the next round refuses
        result.first_seqno = next_seqno_;
        apply(group, batch.count(), ops, is_fetched_ahead(request));
        result.last_seqno = next_seqno_ - 1;
    } else if (request.program != nullptr) {
        needs = Durability::kMemory;  // it has only read
    }
    take_front(group, std::move(result), needs);
    return Step::kWorked;
}

/// Decides whether the request at the front may be applied, and as which ops.
Status CommitStage::work_out(const WriteRequest& request, const WriteBatch& batch, bool may_block,
                             WriteResult& result, Bytes& ops) {
    if (!request.batch.preconditions().empty()) {
        KV_RETURN_IF_ERROR(check_preconditions(request.batch, may_block));
    }
    if (request.program != nullptr) KV_RETURN_IF_ERROR(run_program(request, may_block));
    if (context_.disk.refuses(batch)) [[unlikely]]
        return no_room();
    ops = batch.encoded();
    if (batch.unresolved_count() == 0) return Status::ok();
    KV_RETURN_IF_ERROR(resolve(batch, may_block, scratch_, result.counters));
    ops = scratch_;
    return Status::ok();
}

Status CommitStage::run_program(const WriteRequest& request, bool may_block) {
    StoreCommitView view(context_, views_, tables_, may_block);
    program_batch_.clear();
    KV_RETURN_IF_ERROR(request.program->run(view, program_batch_));
    return check_limits(program_batch_, context_.options);
}

Status CommitStage::check_preconditions(const WriteBatch& batch, bool may_block) {
    const ViewLease view = views_.acquire();
    return db::check_preconditions(batch.preconditions(), context_.forgotten_seqno,
                                   newest_in(*view, may_block));
}

NewestLookup CommitStage::newest_in(const ReadView& view, bool may_block) {
    return [this, &view, mode = commit_read_mode(may_block), now = ReadTime(context_.clock)](
               Bytes key, Seqno seqno, Found& found) {
        return lookup(view, tables_, key, seqno, now, mode, found);
    };
}

Status CommitStage::resolve(const WriteBatch& batch, bool may_block, std::string& ops,
                            std::vector<int64_t>& counters) {
    const ViewLease view = views_.acquire();
    ops.clear();
    // Only range deletes without an end ask for it.
    const bool has_open_range = batch.unresolved_count() != batch.increment_count();
    const Bytes largest = has_open_range ? largest_user_key(*view) : Bytes();
    return resolve_ops(batch, context_.clock.wall_ms(), newest_in(*view, may_block), largest, ops,
                       counters);
}

void CommitStage::take_front(Group& group, WriteResult result, Durability needs) {
    std::unique_ptr<WriteRequest> request = pop_backlog();
    request->result = std::move(result);
    group.strongest = std::max(group.strongest, needs);
    group.requests.push_back(std::move(request));
}

void CommitStage::apply(Group& group, uint32_t count, Bytes ops, bool is_fetched) {
    append_batch(group.record, count, ops);
    next_seqno_ += active_->apply_all(ops, next_seqno_, is_fetched);
    Counters::add_alone(context_.counters.writes, 1);
    Counters::add_alone(context_.counters.mutations, count);
}

void CommitStage::finish_group(Group group) {
    if (admission_.limits() && group.payload_bytes() != 0) {
        admission_.admitted(group.record.size(), context_.clock.monotonic_us());
    }
    if (!group.requests.empty()) {
        const Seqno last_seqno = group.payload_bytes() == 0 ? 0 : next_seqno_ - 1;
        log_.enqueue(group.record, group.first_seqno, last_seqno, group.strongest,
                     std::move(group.requests));
    }
    record_.swap(group.record);
}

}  // namespace kv::db
