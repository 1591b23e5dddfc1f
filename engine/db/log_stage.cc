// The commit side of LogStage, and its rounds. log_segments.cc holds the life of segments and the
// way out of a failure. SPDX-License-Identifier: Apache-2.0
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
      blocked_(context.executor),
      published_(published),
      durable_(published),
      next_number_(next_segment),
      previous_(last) {
    if (last.number != 0) {
        ended_.push_back({manifest.counters().oldest_segment, last});
    }
}

void LogStage::enqueue(Bytes payload, Seqno first_seqno, Seqno last_seqno, Durability strongest,
                       RequestChain requests) {
    record_.clear();
    if (!payload.empty()) {
        const uint64_t offset = current_->reserve(log_record_size(payload.size()));
        const size_t start = begin_log_record(record_);
        record_.append(payload);
        finish_log_record(record_, start, offset,
                          {LogRecordType::kCommitGroup, current_->number(),
                           current_->synced_offset(), kSingleNodeEpoch, first_seqno});
        const uint64_t half = current_->capacity() / 2;
        if (offset < half && current_->reserved_offset() >= half) {
            context_.post(Lane::kFlush, [this] { prepare_next(); });
        }
    }
    const uint64_t record_bytes = record_.size();  // 0 for an answer only
    Counters::add(context_.counters.commit_groups, 1);
    bool answered;
    {
        std::lock_guard lock(queue_mutex_);
        answered = answer_now(strongest, last_seqno);
        if (queue_.empty() || queue_.back().segment != current_) {
            queue_.push_back({});
            queue_.back().segment = current_;
            queue_.back().round = ++rounds_;
        }
        Pending& pending = queue_.back();
        if (pending.records.empty()) {
            pending.records.swap(record_);
        } else {
            pending.records.append(record_);
        }
        if (last_seqno != 0) pending.last_seqno = last_seqno;
        queued_bytes_.fetch_add(record_bytes, std::memory_order_relaxed);
        if (!answered) {
            if (strongest == Durability::kDisk && pending.joined_us == 0)
                pending.joined_us = context_.clock.monotonic_us();
            pending.strongest = std::max(pending.strongest, strongest);
            for (WriteRequest* r = requests.front(); r != nullptr; r = r->next) {
                if (BlockedWriters::owns(*r)) blocked_.join(*r, pending.round);
            }
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

void LogStage::run(bool inline_) {
    if (!baton_.try_take()) return;
    if (inline_) {
        run_rounds(true);
    } else {
        context_.post(Lane::kLog, [this] { run_rounds(false); });
    }
}

void LogStage::run_rounds(bool inline_) {
    while (true) {
        while (write_next()) {
        }
        if (baton_.release()) return;
        if (inline_) {
            // The caller's own write is done; what came meanwhile is the log lane's.
            context_.post(Lane::kLog, [this] { run_rounds(false); });
            return;
        }
    }
}

bool LogStage::write_next() {
    // Taken before the pop: relog has to find whatever is not written.
    std::lock_guard lock(io_mutex_);
    Pending pending;
    if (!pop_pending(pending)) return false;
    write_out(std::move(pending));
    return true;
}

bool LogStage::pop_pending(Pending& pending) {
    std::lock_guard lock(queue_mutex_);
    if (queue_.empty()) return false;
    pending = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_.fetch_sub(std::min<uint64_t>(queued_bytes_, pending.records.size()),
                            std::memory_order_relaxed);
    return true;
}

void LogStage::write_out(Pending pending) {
    const Status status = failed_.load(std::memory_order_relaxed)
                              ? Status(Code::kReadOnly, "an earlier log write failed")
                              : write_and_sync(pending);
    if (!status.is_ok()) {
        fail(status, std::move(pending));
        return;
    }
    {
        std::lock_guard lock(queue_mutex_);
        unanswered_ -= pending.unanswered_groups;
        // Memory-level groups behind this one may have been published already.
        if (pending.last_seqno > published_.load(std::memory_order_relaxed)) {
            published_.store(pending.last_seqno, std::memory_order_release);
        }
    }
    for (WriteRequest* r = pending.requests.front(); r != nullptr; r = r->next) {
        r->result.reached = pending.strongest;
    }
    if (pending.joined_us != 0)
        context_.latencies.write.add(context_.clock.monotonic_us() - pending.joined_us);
    complete(std::move(pending.requests));
    on_progress_();
}

Status LogStage::write_and_sync(Pending& pending) {
    const bool will_sync = pending.strongest == Durability::kDisk;
    const uint64_t began_us = will_sync ? context_.clock.monotonic_us() : 0;
    if (!pending.records.empty()) {
        Counters::add(context_.counters.log_bytes, pending.records.size());
        unsynced_bytes_ += pending.records.size();
        unsynced_.push_back(std::move(pending.records));
        if (pending.segment != open_) KV_RETURN_IF_ERROR(open_segment(pending.segment));
        KV_RETURN_IF_ERROR(open_->write(unsynced_.back(), pending.last_seqno));
    }
    if (will_sync) context_.latencies.log_write.add(context_.clock.monotonic_us() - began_us);
    const bool due = will_sync || unsynced_bytes_ > kMaxUnsyncedBytes;
    return due ? sync_open_segment() : Status::ok();
}

}  // namespace kv::db
