// LogStage: the life of log segments, and the way out of a failed write or sync.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/coding.h"
#include "db/log_stage.h"
#include "kv/assert.h"
#include "record/batch_format.h"
#include "record/file_names.h"
#include "record/log_record.h"

namespace kv::db {

using wal::SegmentWriter;

namespace {

/// How much of what no writer waits for is synced at once, beside the writes: such a part of a
/// segment, and a smaller one within its last such part. Then neither a writer nor the end of a
/// segment has much to sync.
constexpr uint64_t kSyncBehindPart = 8;
constexpr uint64_t kSyncBehindAtEndPart = 64;
/// Or this part of the memory for unsynced records, if that is less: the sync should be over before
/// the rest of it is full, since a writer has to sync then.
constexpr uint64_t kSyncBehindMemoryPart = 4;

uint64_t sync_behind_bytes(uint64_t capacity, uint64_t written, uint64_t memory_bytes) {
    const bool at_end = capacity - written <= capacity / kSyncBehindPart;
    return std::min(capacity / (at_end ? kSyncBehindAtEndPart : kSyncBehindPart),
                    memory_bytes / kSyncBehindMemoryPart);
}

}  // namespace

Status LogStage::ensure_room_behind(size_t begun, size_t more, bool may_block) {
    const uint64_t record_bytes = log_record_size(begun + more);
    if (current_ != nullptr && current_->fits(record_bytes)) return Status::ok();
    if (begun != 0)
        return {Code::kWouldBlock, "the commit group is as large as its segment allows"};
    return take_next_segment(record_bytes, may_block);
}

Status LogStage::take_next_segment(uint64_t record_bytes, bool may_block) {
    std::unique_lock prepare(prepare_mutex_, std::defer_lock);
    if (may_block) {
        prepare.lock();
    } else if (!prepare.try_lock()) {
        return {Code::kWouldBlock, "the next log segment is being made"};
    }
    // One in which nothing had to be logged again is empty too, but the log side has begun it.
    if (current_ != nullptr && current_->reserved_offset() == wal::kSegmentHeaderBytes &&
        current_->synced_offset() == 0) {
        return enlarge_unused_segment(record_bytes, may_block);
    }
    if (prepared_ == nullptr || !prepared_->fits(record_bytes)) {
        if (!may_block) return {Code::kWouldBlock, "the next log segment is not there yet"};
        prepared_.reset();
        auto created = create_segment(next_number_, record_bytes);
        if (!created.is_ok()) {
            health_.raise(Health::Cause::kLogSegment, created.error());
            retry_segment();
            return health_.refusal();
        }
        prepared_ = std::move(*created);
    }
    std::lock_guard lock(segments_mutex_);
    current_ = prepared_.get();
    segments_.push_back(std::move(prepared_));
    ++next_number_;
    return Status::ok();
}

/// The write that the current segment was taken for was refused after all, and the next one is
/// larger than it. Nobody has seen the segment yet; to leave it out would break the chain.
Status LogStage::enlarge_unused_segment(uint64_t record_bytes, bool may_block) {
    if (!may_block) return {Code::kWouldBlock, "a larger log segment is needed"};
    auto created = create_segment(current_->number(), record_bytes);
    if (!created.is_ok()) {
        health_.raise(Health::Cause::kLogSegment, created.error());
        retry_segment();
        return health_.refusal();
    }
    std::lock_guard lock(segments_mutex_);
    KV_ASSERT(segments_.back().get() == current_);
    segments_.back() = std::move(*created);
    current_ = segments_.back().get();
    return Status::ok();
}

Result<std::unique_ptr<SegmentWriter>> LogStage::create_segment(uint64_t number,
                                                                uint64_t record_bytes) {
    KV_ASSIGN_OR_RETURN(
        auto segment,
        SegmentWriter::create(
            context_.fs, context_.dir, number, manifest_.database_id(),
            SegmentWriter::capacity_for(context_.options.wal_segment_bytes, record_bytes)));
    // What an open has read of the MANIFEST may be in the page cache alone; nothing is written to a
    // segment on the word of that.
    if (manifest_.in_doubt() || manifest_.counters().last_created_segment < number) {
        // From here on recovery misses the segment if it is gone.
        VersionEdit edit;
        edit.last_created_segment = number;
        if (Status named = manifest_.apply(std::move(edit)); !named.is_ok()) {
            return segment->give_up(named);
        }
    }
    return segment;
}

void LogStage::prepare_next() {
    std::lock_guard prepare(prepare_mutex_);
    if (prepared_ != nullptr) return;
    auto created = create_segment(next_number_, 0);
    if (created.is_ok()) {
        prepared_ = std::move(*created);
        return;
    }
    // Not yet a problem: the current segment has room. Whoever needs the next one tries again.
    context_.log(LogLevel::kWarning,
                 "cannot prepare the next log segment: " + created.error().to_string());
}

void LogStage::retry_segment() {
    context_.post_after(Lane::kLogCare, kRetryMs, [this] {
        {
            std::lock_guard prepare(prepare_mutex_);
            if (prepared_ == nullptr) {
                auto created = create_segment(next_number_, 0);
                if (!created.is_ok()) {
                    health_.raise(Health::Cause::kLogSegment, created.error());
                    retry_segment();
                    return;
                }
                prepared_ = std::move(*created);
            }
        }
        health_.clear(Health::Cause::kLogSegment);
        on_progress_();
    });
}

Status LogStage::open_segment(SegmentWriter* segment, bool will_sync) {
    KV_RETURN_IF_ERROR(seal_left());
    uint64_t previous_unsynced = 0;
    if (open_ != nullptr && may_leave_seal(will_sync)) {
        leave_seal();
        previous_unsynced = previous_.length - durable_end_.length;
    } else if (open_ != nullptr) {
        // The old segment is durable to its end before anything in the new one can be acknowledged.
        KV_RETURN_IF_ERROR(seal(*open_));
    }
    KV_RETURN_IF_ERROR(segment->begin(previous_, previous_unsynced));
    open_ = segment;
    return Status::ok();
}

/// A seal takes as long as the disk needs for all it has to write, for compaction too. The new
/// segment's header can say that it is not done; a failed seal then needs the old one's header.
bool LogStage::may_leave_seal(bool will_sync) const {
    return !will_sync && durable_end_.length != 0;
}

void LogStage::leave_seal() {
    {
        std::lock_guard lock(segments_mutex_);
        unsealed_ = segments_.front();
    }
    KV_ASSERT(unsealed_.get() == open_);
    unsealed_until_ = unsynced_.end();
    previous_ = open_->written_end();
    open_ = nullptr;
    context_.post(Lane::kLogCare, [this, segment = unsealed_] { seal_behind(segment); });
}

Status LogStage::seal(SegmentWriter& segment) {
    KV_ASSIGN_OR_RETURN(const wal::SegmentEnd end, segment.seal());
    const bool is_open = &segment == open_;
    note_sealed(end, is_open ? unsynced_.end() : unsealed_until_);
    if (is_open) open_ = nullptr;
    return Status::ok();
}

Status LogStage::seal_left() { return unsealed_ == nullptr ? Status::ok() : seal(*unsealed_); }

void LogStage::seal_behind(const std::shared_ptr<SegmentWriter>& segment) {
    const Result<wal::SegmentEnd> end = segment->seal();
    std::lock_guard lock(io_mutex_);
    // Sealed meanwhile by who needed it, or all of it logged again: nothing is left to do.
    if (segment != unsealed_ || failed_.load(std::memory_order_relaxed)) return;
    if (!end.is_ok()) {
        fail(end.status(), {});
        return;
    }
    note_sealed(*end, unsealed_until_);
}

/// The oldest segment in use is durable to its end, and so are the records before `unsynced_until`.
void LogStage::note_sealed(const wal::SegmentEnd& end, uint64_t unsynced_until) {
    previous_ = end;
    durable_end_ = {end.number + 1, 0, end.last_seqno};
    settled_number_.store(end.number + 1, std::memory_order_relaxed);
    durable_.store(end.last_seqno, std::memory_order_release);
    unsynced_.release_until(unsynced_until);
    unsealed_.reset();
    std::lock_guard lock(segments_mutex_);
    ended_.push_back({end.number, end});
    KV_ASSERT(!segments_.empty() && segments_.front()->number() == end.number);
    segments_.pop_front();
}

Status LogStage::sync_open_segment() {
    if (unsynced_.bytes() == 0) return Status::ok();
    Counters::add(context_.counters.log_syncs, 1);
    const uint64_t began_us = context_.clock.monotonic_us();
    KV_RETURN_IF_ERROR(seal_left());
    KV_RETURN_IF_ERROR(open_->sync());
    const uint64_t took_us = context_.clock.monotonic_us() - began_us;
    context_.latencies.log_sync.add(took_us);
    sync_us_.store((sync_us_.load(std::memory_order_relaxed) * 7 + took_us) / 8,
                   std::memory_order_relaxed);
    durable_end_ = open_->synced_end();
    durable_.store(durable_end_.last_seqno, std::memory_order_release);
    unsynced_.clear();
    return Status::ok();
}

void LogStage::sync_behind_if_due() {
    if (open_ == nullptr || unsealed_ != nullptr || syncs_behind_) return;
    const wal::SegmentEnd end = open_->written_end();
    const uint64_t due = sync_behind_bytes(open_->capacity(), end.length, memory_.unsynced_bytes);
    if (unsynced_.bytes() < due) return;
    syncs_behind_ = true;
    std::shared_ptr<SegmentWriter> segment;
    {
        std::lock_guard lock(segments_mutex_);
        segment = segments_.front();
    }
    KV_ASSERT(segment.get() == open_);
    context_.post(Lane::kLogCare, [this, segment, end, until = unsynced_.end()] {
        sync_behind(segment, end, until);
    });
}

void LogStage::sync_behind(const std::shared_ptr<SegmentWriter>& segment, wal::SegmentEnd end,
                           uint64_t unsynced_until) {
    const uint64_t began_us = context_.clock.monotonic_us();
    const Status synced = segment->sync_until(end);
    std::lock_guard lock(io_mutex_);
    syncs_behind_ = false;
    // Sealed meanwhile, or all of it logged again: nothing of it waits any more.
    if (segment.get() != open_ || failed_.load(std::memory_order_relaxed)) return;
    if (!synced.is_ok()) {
        fail(synced, {});
        return;
    }
    Counters::add(context_.counters.log_syncs, 1);
    context_.latencies.log_sync.add(context_.clock.monotonic_us() - began_us);
    // A writer that waited for its own sync may be ahead.
    if (end.length <= durable_end_.length) return;
    durable_end_ = end;
    durable_.store(end.last_seqno, std::memory_order_release);
    unsynced_.release_until(unsynced_until);
}

void LogStage::refuse(RequestChain requests, const Status& status) {
    for (WriteRequest* r = requests.front(); r != nullptr; r = r->next) {
        if (r->result.status.is_ok()) {
            r->result.status = {Code::kInDoubt,
                                "the write was applied but its log write failed; it may or may not "
                                "survive a restart: " +
                                    status.to_string()};
        }
    }
    complete(std::move(requests));
}

void LogStage::fail(const Status& status, Pending pending) {
    if (!pending.records.empty()) unsynced_.append(pending.records);  // write_and_sync did not
    // unanswered_ keeps counting these groups, so nothing younger is published before relog.
    if (!failed_.exchange(true)) health_.raise(Health::Cause::kLogWrite, status);
    refuse(std::move(pending.requests), status);
    on_progress_();
}

void LogStage::relog() {
    if (relog_waits_.load(std::memory_order_acquire)) return;
    std::lock_guard prepare(prepare_mutex_);
    std::lock_guard io(io_mutex_);
    Pending pending;
    while (pop_pending(pending)) {
        fail(Status(Code::kReadOnly, "an earlier log write failed"), std::move(pending));
        pending = {};
    }
    const Status status = write_relog_segment();
    if (!status.is_ok()) {
        health_.raise(Health::Cause::kLogWrite, status);
        relog_waits_ = true;
        context_.post_after(Lane::kCommit, kRetryMs, [this] {
            relog_waits_ = false;
            on_progress_();
        });
        return;
    }
    failed_.store(false, std::memory_order_release);
    health_.clear(Health::Cause::kLogWrite);
    context_.post(Lane::kLogCare, [this] { prepare_next(); });  // this one may be full
    on_progress_();  // all is published now: frozen memtables may be flushed
}

Status LogStage::write_relog_segment() {
    // A segment whose header never became durable is made anew under its own number; otherwise the
    // chain goes on behind the last durable byte. A failed attempt is repeated under the same
    // number too.
    const bool keep_old = durable_end_.length > 0;
    uint64_t number = next_number_;
    {
        std::lock_guard lock(segments_mutex_);
        if (!segments_.empty()) number = segments_.front()->number() + (keep_old ? 1 : 0);
    }
    const wal::SegmentEnd previous = keep_old ? durable_end_ : previous_;
    prepared_.reset();
    // Emptied, never removed: the MANIFEST may name it, and what a failed sync left in its pages
    // goes with the truncation.
    const uint64_t bytes = unsynced_.bytes() + kLogRecordHeaderBytes;
    // Until the new one is durable, the records in the old one's pages survive a killed process.
    const bool has_records = open_ != nullptr && open_->number() == number;
    KV_ASSIGN_OR_RETURN(
        auto segment, has_records ? SegmentWriter::create_beside(context_.fs, context_.dir, number,
                                                                 manifest_.database_id(), bytes)
                                  : create_segment(number, bytes));
    Seqno last_seqno = published();
    const std::string records = reencode_unsynced(*segment, last_seqno);
    KV_RETURN_IF_ERROR(segment->begin_with(previous, records, last_seqno));
    KV_RETURN_IF_ERROR(segment->sync());
    if (has_records) KV_RETURN_IF_ERROR(segment->take_place(context_.fs, context_.dir));

    unsynced_.clear();
    next_number_ = number + 1;
    previous_ = previous;
    durable_end_ = segment->synced_end();
    {
        std::lock_guard lock(segments_mutex_);
        if (keep_old) ended_.push_back({previous.number, previous});
        segments_.clear();
        current_ = open_ = segment.get();
        unsealed_.reset();
        settled_number_.store(segment->number(), std::memory_order_relaxed);
        segments_.push_back(std::move(segment));
    }
    std::lock_guard lock(queue_mutex_);
    unanswered_ = 0;
    published_.store(last_seqno, std::memory_order_release);
    durable_.store(last_seqno, std::memory_order_release);
    return Status::ok();
}

std::string LogStage::reencode_unsynced(SegmentWriter& segment, Seqno& last_seqno) const {
    std::string out;
    unsynced_.for_each([&](Bytes records) {
        for (size_t at = 0; at < records.size();) {
            const char* header = records.data() + at;
            const uint32_t length = load_fixed32(header + kLogLengthOffset);
            const Bytes payload(header + kLogRecordHeaderBytes, length);
            LogRecord record;
            record.segment = segment.number();
            record.first_seqno = load_fixed64(header + kLogFirstSeqnoOffset);
            record.payload = payload;
            append_log_record(out, segment.reserve(log_record_size(length)), record);
            uint32_t count;
            Bytes ops;
            Seqno next = record.first_seqno;
            for (GroupReader group(payload); group.next(count, ops);) next += count;
            last_seqno = std::max(last_seqno, next - 1);
            at += log_record_size(length);
        }
    });
    return out;
}

uint64_t LogStage::oldest_needed(Seqno flushed) const {
    std::lock_guard lock(segments_mutex_);
    for (const Ended& ended : ended_) {
        if (ended.end.last_seqno > flushed) return ended.first_number;
    }
    // The segment in use, or the one that will follow the ended ones.
    if (!segments_.empty()) return segments_.front()->number();
    return ended_.empty() ? 1 : ended_.back().end.number + 1;
}

void LogStage::forget_before(uint64_t number) {
    std::lock_guard lock(segments_mutex_);
    while (!ended_.empty() && ended_.front().end.number < number) ended_.pop_front();
}

std::vector<LogStage::DurableSegment> LogStage::durable_segments(uint64_t oldest) const {
    std::vector<DurableSegment> found;
    std::lock_guard lock(segments_mutex_);
    for (const Ended& ended : ended_) {
        for (uint64_t number = ended.first_number; number <= ended.end.number; ++number) {
            const bool is_last = number == ended.end.number;
            if (number >= oldest) found.push_back({number, is_last ? ended.end.length : 0});
        }
    }
    if (!segments_.empty() && segments_.front()->number() >= oldest) {
        const SegmentWriter& open = *segments_.front();
        const uint64_t synced = open.synced_offset();
        if (synced != 0) found.push_back({open.number(), synced});
    }
    return found;
}

uint64_t LogStage::live_segments() const {
    std::lock_guard lock(segments_mutex_);
    uint64_t count = segments_.size();
    for (const Ended& ended : ended_) count += ended.end.number - ended.first_number + 1;
    return count;
}

uint64_t LogStage::live_bytes() const {
    std::lock_guard lock(segments_mutex_);
    uint64_t bytes = 0;
    for (const auto& segment : segments_) bytes += segment->capacity();
    for (const Ended& ended : ended_) bytes += ended.end.length;
    return bytes;
}

}  // namespace kv::db
