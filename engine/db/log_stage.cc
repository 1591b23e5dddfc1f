// The commit side of LogStage, and its rounds. log_segments.cc holds the life of segments and the
// way out of a failure.
// SPDX-License-Identifier: Apache-2.0
#include "db/log_stage.h"

#include <algorithm>

#include "kv/assert.h"
#include "record/log_record.h"

namespace kv::db {

LogStage::LogStage(StoreContext& context, Manifest& manifest, Health& health, wal::SegmentEnd last,
                   uint64_t next_segment, Seqno published)
    : context_(context),
      manifest_(manifest),
      health_(health),
      memory_(log_memory(context.options)),
      blocked_(context.executor),
      gathering_(context.executor),
      published_(published),
      durable_(published),
      settled_number_(next_segment),
      next_number_(next_segment),
      previous_(last),
      durable_end_{next_segment, 0, last.last_seqno},
      unsynced_(memory_.unsynced_bytes) {
    if (last.number != 0) {
        ended_.push_back({manifest.counters().oldest_segment, last});
    }
}

void LogStage::finish_record(std::string& record, Seqno first_seqno) {
    const uint64_t offset =
        current_->reserve(log_record_size(record.size() - kLogRecordHeaderBytes));
    finish_log_record(record, 0, offset,
                      {LogRecordType::kCommitGroup, current_->number(), current_->synced_offset(),
                       kSingleNodeEpoch, first_seqno});
    const uint64_t half = current_->capacity() / 2;
    if (offset < half && current_->reserved_offset() >= half) {
        context_.post(Lane::kLogCare, [this] { prepare_next(); });
    }
}

LogStage::Pending& LogStage::back_pending() {
    if (queue_.empty() || queue_.back().segment != current_) {
        Pending& fresh = queue_.emplace_back();
        fresh.segment = current_;
        fresh.round = ++rounds_;
        fresh.records.swap(spare_);
    }
    return queue_.back();
}

void LogStage::enqueue(std::string& record, Seqno first_seqno, Seqno last_seqno,
                       Durability strongest, RequestChain requests) {
    if (record.size() > kLogRecordHeaderBytes) {
        finish_record(record, first_seqno);
    } else {
        record.clear();
    }
    Counters::add_alone(context_.counters.commit_groups, 1);
    bool answered;
    {
        std::lock_guard lock(queue_mutex_);
        answered = answer_now(strongest, last_seqno);
        Pending& pending = back_pending();
        queued_bytes_.fetch_add(record.size(), std::memory_order_relaxed);
        if (pending.records.empty()) {
            pending.records.swap(record);
        } else {
            pending.records.append(record);
        }
        if (last_seqno != 0) pending.last_seqno = last_seqno;
        if (!answered) {
            if (strongest == Durability::kDisk && pending.joined_us == 0)
                pending.joined_us = context_.clock.monotonic_us();
            pending.strongest = std::max(pending.strongest, strongest);
            uint64_t writers = 0;
            for (WriteRequest* r = requests.front(); r != nullptr; r = r->next, ++writers) {
                if (BlockedWriters::owns(*r)) blocked_.join(*r, pending.round);
            }
            pending.writers += writers;
            gathering_.joined(writers);
            pending.requests.append(std::move(requests));
            ++pending.unanswered_groups;
            ++unanswered_;
        }
    }
    if (answered) complete(std::move(requests));
}

bool LogStage::answer_now(Durability strongest, Seqno last_seqno) {
    if (strongest != Durability::kMemory || unanswered_ != 0) return false;
    if (last_seqno != 0) published_.store(last_seqno, std::memory_order_release);
    return true;
}

void LogStage::complete(RequestChain requests) {
    BlockedWriters::Answers blocked(blocked_);
    std::vector<WriteObserver*> observers;
    while (!requests.empty()) {
        std::unique_ptr<WriteRequest> request = requests.pop_front();
        if (BlockedWriters::owns(*request)) {
            blocked.answer(std::move(request));
            continue;
        }
        WriteObserver* observer = request->observer;
        bool known = false;
        for (const WriteObserver* other : observers) known = known || other == observer;
        if (!known) observers.push_back(observer);
        observer->on_written(std::move(request));
    }
    for (WriteObserver* observer : observers) observer->on_group_end();
    blocked.wake();
}

bool LogStage::syncs_within(uint64_t limit_us) const {
    return sync_us_.load(std::memory_order_relaxed) < limit_us && current_ != nullptr &&
           current_->number() == settled_number_.load(std::memory_order_relaxed);
}

void LogStage::run(int rounds_here, bool may_wait) {
    if (!baton_.try_take()) return;
    bool more = true;
    for (int round = 0; more && round < rounds_here; ++round) {
        if (may_wait) gather();
        more = write_next();
    }
    if (!more && baton_.release()) return;
    // The caller's own write is done, if it was to be; what came meanwhile is the log lane's.
    context_.post(Lane::kLog, [this] { run_on_lane(); });
}

void LogStage::run_on_lane() {
    do {
        do {
            gather();
        } while (write_next());
    } while (!baton_.release());
}

/// Has those come who are expected, where a sync is worth waiting for them.
void LogStage::gather() { gathering_.wait(sync_us_.load(std::memory_order_relaxed)); }

/// True when more is known to wait.
bool LogStage::write_next() {
    // Taken before the pop: relog has to find whatever is not written.
    std::lock_guard lock(io_mutex_);
    Pending pending;
    return pop_pending(pending) && write_out(std::move(pending));
}

bool LogStage::pop_pending(Pending& pending) {
    std::lock_guard lock(queue_mutex_);
    if (queue_.empty()) return false;
    pending = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_.fetch_sub(pending.records.size(), std::memory_order_relaxed);
    gathering_.taken(pending.writers);
    return true;
}

bool LogStage::write_out(Pending pending) {
    const Status status = failed_.load(std::memory_order_relaxed)
                              ? Status(Code::kReadOnly, "an earlier log write failed")
                              : write_and_sync(pending);
    if (!status.is_ok()) {
        fail(status, std::move(pending));
        return true;
    }
    const bool more = publish(pending);
    if (pending.strongest == Durability::kDisk) gathering_.synced(pending.writers);
    for (WriteRequest* r = pending.requests.front(); r != nullptr; r = r->next) {
        r->result.reached = pending.strongest;
    }
    if (pending.joined_us != 0)
        context_.latencies.write.add(context_.clock.monotonic_us() - pending.joined_us);
    complete(std::move(pending.requests));
    on_progress_();
    return more;
}

/// True when more waits in the queue.
bool LogStage::publish(Pending& pending) {
    std::lock_guard lock(queue_mutex_);
    unanswered_ -= pending.unanswered_groups;
    // Memory-level groups behind this one may have been published already.
    if (pending.last_seqno > published_.load(std::memory_order_relaxed)) {
        published_.store(pending.last_seqno, std::memory_order_release);
    }
    const size_t capacity = pending.records.capacity();
    if (capacity > spare_.capacity() &&
        capacity <= std::min<uint64_t>(kLargestSpareBytes, memory_.queued_bytes)) {
        spare_.swap(pending.records);
    }
    return !queue_.empty();
}

Status LogStage::write_and_sync(Pending& pending) {
    const bool will_sync = pending.strongest == Durability::kDisk;
    const uint64_t began_us = will_sync ? context_.clock.monotonic_us() : 0;
    if (!pending.records.empty()) {
        Counters::add_alone(context_.counters.log_bytes, pending.records.size());
        if (pending.segment != open_) KV_RETURN_IF_ERROR(open_segment(pending.segment, will_sync));
        const Bytes records = unsynced_.append(pending.records);
        pending.records.clear();
        KV_RETURN_IF_ERROR(open_->write(records, pending.last_seqno, will_sync));
    }
    if (will_sync) context_.latencies.log_write.add(context_.clock.monotonic_us() - began_us);
    if (will_sync || unsynced_.bytes() > memory_.unsynced_bytes) return sync_open_segment();
    sync_behind_if_due();
    return Status::ok();
}

}  // namespace kv::db
