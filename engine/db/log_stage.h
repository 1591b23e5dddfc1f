// LogStage: the second half of the commit pipeline. It owns the log segments; it writes what the
// commit stage encoded, syncs, publishes seqnos in order and answers the writers.
//
// Two sides meet here. The COMMIT side (holder of the commit baton) plans offsets and hands over
// encoded records; the LOG side (holder of the log baton, taken in run) does the I/O. While one
// group syncs, the commit side fills the next, which then goes out in one write and one sync.
//
// When a write or sync fails, all that is not durable is in doubt: its writers are told so, the
// store turns read-only, and relog() writes every record since the last durable point, which is
// still in memory, into a fresh segment. A failed sync is never retried on its file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "db/baton.h"
#include "db/blocked_writers.h"
#include "db/health.h"
#include "db/memory_budget.h"
#include "db/pending_log_write.h"
#include "db/store_context.h"
#include "db/sync_gathering.h"
#include "db/unsynced_records.h"
#include "db/write_queue.h"
#include "version/manifest.h"
#include "wal/segment_writer.h"

namespace kv::db {

class LogStage {
  public:
    /// `last` is where replay found the end of the log, `published` the newest seqno of the store.
    LogStage(StoreContext& context, Manifest& manifest, Health& health, wal::SegmentEnd last,
             uint64_t next_segment, Seqno published);
    LogStage(const LogStage&) = delete;
    LogStage& operator=(const LogStage&) = delete;

    /// Called (any lane) after seqnos were published or room was made: flushes may start, a stalled
    /// commit stage may go on. Set before the first write.
    void on_progress(std::function<void()> callback) { on_progress_ = std::move(callback); }

    // Commit side.
    /// Makes sure that a payload of `begun` + `more` bytes fits the current segment, moving to the
    /// next one if not; a group that has begun cannot move. kWouldBlock: close the begun group, or,
    /// when none has begun, it needs the disk and `may_block` is false. Errors are also raised in
    /// Health, and a timer tries again.
    Status ensure_room_behind(size_t begun, size_t more, bool may_block);
    /// Queues one commit group. `record` was begun with begin_log_record and holds the payload;
    /// what it holds afterwards is of no use but its capacity. `requests` are answered when the
    /// group has reached `strongest`, at once if that is memory and nothing older is unpublished. A
    /// record without a payload queues an answer only. Requires ensure_room_behind for a payload;
    /// run() has to follow.
    void enqueue(std::string& record, Seqno first_seqno, Seqno last_seqno, Durability strongest,
                 RequestChain requests);
    /// True when so much waits for the disk that the commit stage should pause.
    bool is_full() const {
        return queued_bytes_.load(std::memory_order_relaxed) > memory_.queued_bytes;
    }
    /// After a failure: moves everything not durable to a fresh segment. Blocks on the disk.
    void relog();
    /// Whether syncs have taken less than kQuickSyncUs of late, so that handing one over is a good
    /// part of the time that it takes, and none of the next round has to seal a segment.
    bool is_quick() const { return syncs_within(kQuickSyncUs); }
    /// The same, and handing one over takes about as long.
    bool is_brief() const { return syncs_within(kBriefSyncUs); }
    bool needs_relog() const { return failed_.load(std::memory_order_acquire); }

    // Any thread.
    /// Writes out what is queued: so many rounds on this thread unless somebody else is at it, the
    /// rest on the log lane. `may_wait`: here too for more writers (sync_patience.h).
    void run(int rounds_here, bool may_wait = false);
    /// Hands every request to its observer or blocked writer, then tells each observer once that
    /// the group has ended, and wakes the writers.
    void complete(RequestChain requests);
    /// Returns once `writer`'s request, which has been submitted, is answered.
    void wait_for(BlockedWriter& writer) { blocked_.wait(writer); }
    Seqno published() const { return published_.load(std::memory_order_acquire); }
    Seqno durable() const { return durable_.load(std::memory_order_acquire); }
    /// First segment still needed when everything up to `flushed` is in tables.
    uint64_t oldest_needed(Seqno flushed) const;
    /// Forgets segments before `number`, which are about to be deleted.
    void forget_before(uint64_t number);
    struct DurableSegment {
        uint64_t number;
        uint64_t length;  ///< Bytes of the file that count; 0: all of it.
    };
    /// The segments from `oldest` on as far as they are durable, in order.
    std::vector<DurableSegment> durable_segments(uint64_t oldest) const;
    uint64_t live_segments() const;
    uint64_t live_bytes() const;
    /// Log care lane: creates the segment after the current one, so that nobody waits for it.
    void prepare_next();

  private:
    using Pending = PendingLogWrite;
    /// Segments [first_number, end.number], complete on disk; needed until end.last_seqno is in
    /// tables.
    struct Ended {
        uint64_t first_number;
        wal::SegmentEnd end;
    };
    static constexpr size_t kLargestSpareBytes = 2U << 20;
    static constexpr uint64_t kRetryMs = 500;
    static constexpr uint64_t kQuickSyncUs = 1000;
    static constexpr uint64_t kBriefSyncUs = 200;

    bool syncs_within(uint64_t limit_us) const;
    Status take_next_segment(uint64_t record_bytes, bool may_block);
    Status enlarge_unused_segment(uint64_t record_bytes, bool may_block);
    Result<std::unique_ptr<wal::SegmentWriter>> create_segment(uint64_t number,
                                                               uint64_t record_bytes);
    void retry_segment();
    bool answer_now(Durability strongest, Seqno last_seqno);

    void finish_record(std::string& record, Seqno first_seqno);
    Pending& back_pending();
    void run_on_lane();
    void gather();
    bool write_next();
    bool pop_pending(Pending& pending);
    bool write_out(Pending pending);
    bool publish(Pending& pending);
    Status write_and_sync(Pending& pending);
    Status open_segment(wal::SegmentWriter* segment, bool will_sync);
    bool may_leave_seal(bool will_sync) const;
    void leave_seal();
    Status seal(wal::SegmentWriter& segment);
    Status seal_left();
    void seal_behind(const std::shared_ptr<wal::SegmentWriter>& segment);
    void note_sealed(const wal::SegmentEnd& end, uint64_t unsynced_until);
    Status sync_open_segment();
    void sync_behind_if_due();
    void sync_behind(const std::shared_ptr<wal::SegmentWriter>& segment, wal::SegmentEnd end,
                     uint64_t unsynced_until);
    void fail(const Status& status, Pending pending);
    void refuse(RequestChain requests, const Status& status);
    Status write_relog_segment();
    std::string reencode_unsynced(wal::SegmentWriter& segment, Seqno& last_seqno) const;

    StoreContext& context_;
    Manifest& manifest_;
    Health& health_;
    const LogMemory memory_;
    std::function<void()> on_progress_;
    BlockedWriters blocked_;
    SyncGathering gathering_;

    Baton baton_;
    std::atomic<Seqno> published_;
    std::atomic<Seqno> durable_;
    std::atomic<bool> failed_{false};
    std::atomic<bool> relog_waits_{false};  // a timer will try again
    std::atomic<uint64_t> queued_bytes_{0};
    std::atomic<uint64_t> settled_number_;  // of the segment behind the last sealed one
    std::atomic<uint64_t> sync_us_{0};      // moving average of what the log side's syncs took

    // Commit side only.
    wal::SegmentWriter* current_ = nullptr;

    std::mutex prepare_mutex_;  // taken before any other
    // Guarded by prepare_mutex_.
    uint64_t next_number_;
    std::unique_ptr<wal::SegmentWriter> prepared_;  // has next_number_

    std::mutex io_mutex_;  // the log side's
    // Guarded by io_mutex_.
    wal::SegmentWriter* open_ = nullptr;
    wal::SegmentEnd previous_;  // end of the segment before open_
    /// The segment before open_ while it is not sealed: nobody waited for that. Then open_ must not
    /// be synced. A job on the log care lane seals it, or whoever needs open_ synced first.
    std::shared_ptr<wal::SegmentWriter> unsealed_;
    uint64_t unsealed_until_ = 0;  // the position in unsynced_ where its records end
    /// Where in unsealed_, else in open_, the records begin that unsynced_ holds. Behind what the
    /// segment itself knows to be durable while a sync beside the writes has ended and is not
    /// accounted for yet.
    wal::SegmentEnd durable_end_;
    UnsyncedRecords unsynced_;   // since the last durable point, for relog()
    bool syncs_behind_ = false;  // a job that does is under way

    std::mutex queue_mutex_;  // innermost
    // Guarded by queue_mutex_.
    std::deque<Pending> queue_;
    std::string spare_;        // an empty Pending::records, kept for its capacity
    uint64_t rounds_ = 0;      // Pendings made so far
    uint64_t unanswered_ = 0;  // groups enqueued, not yet published

    mutable std::mutex segments_mutex_;  // innermost
    // Guarded by segments_mutex_.
    std::deque<std::shared_ptr<wal::SegmentWriter>> segments_;  // in use, oldest first
    std::deque<Ended> ended_;                                   // oldest first
};

}  // namespace kv::db
