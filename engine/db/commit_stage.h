// CommitStage: the first half of the commit pipeline. It takes submitted writes in order, checks
// preconditions, runs write programs, resolves increments, numbers the mutations, encodes them for
// the log and puts them into the active memtable, still invisible; LogStage publishes them.
//
// It runs on whoever holds its baton: the submitting thread when nobody else does, so that a lone
// writer pays no thread switch, else the commit lane. Anything that would wait for the disk
// (a missing log segment, a block needed by a precondition) is passed to the lane; a submitter
// never waits. While the log syncs, submitted writes form the next group; what more the log
// waits for is its own affair (sync_patience.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "db/admission.h"
#include "db/batch_check.h"
#include "db/baton.h"
#include "db/health.h"
#include "db/log_stage.h"
#include "db/read_view.h"
#include "db/store_context.h"
#include "db/write_queue.h"
#include "record/batch_format.h"
#include "record/log_record.h"

namespace kv::db {

/// What the commit stage needs of the store around it.
struct CommitHooks {
    /// Freezes the active memtable and installs a new one, or says that too many wait for flush.
    std::function<bool()> freeze_memtable;
    /// True while tables are so many or compaction owes so much that writes have to wait.
    std::function<bool()> is_overloaded;
};

class CommitStage {
  public:
    CommitStage(StoreContext& context, Health& health, LogStage& log, ViewRegistry& views,
                TableCache& tables, Admission& admission, CommitHooks hooks, Seqno last_seqno);
    CommitStage(const CommitStage&) = delete;
    CommitStage& operator=(const CommitStage&) = delete;

    // Any thread.
    void submit(std::vector<std::unique_ptr<WriteRequest>> requests, Submitter submitter);
    /// Submits and waits.
    WriteResult write(WriteBatch batch, Durability durability);
    /// Something that the stage waited for has happened.
    void kick();
    /// kick() if the stage has stalled or has to move the log to a fresh segment; cheap otherwise.
    void kick_if_waiting();
    /// Has the active memtable frozen, unless it is empty, as soon as the stage runs.
    void request_freeze();

    // Holder of the baton, or before the first write.
    void set_active(std::shared_ptr<Memtable> memtable) { active_ = std::move(memtable); }

  private:
    enum class Step : uint8_t { kWorked, kGroupFull, kStalled, kNeedsLane };
    /// A commit group while it is put together.
    struct Group {
        std::string record;  // of the log, begun
        Seqno first_seqno = 0;
        Durability strongest = Durability::kMemory;
        RequestChain requests;
        uint64_t now_us = 0;  // looked at once, when a request has a deadline

        size_t payload_bytes() const { return record.size() - kLogRecordHeaderBytes; }
    };
    /// A group is closed once its payload reaches this.
    static constexpr size_t kGroupBytes = 1U << 20;
    static_assert(kGroupBytes + batch_bytes_bound(kMaxResolvedBytes) <= kMaxLogPayloadBytes,
                  "whatever joins a group fits its record");
    /// How often stalled writes are looked at for deadlines that have passed.
    static constexpr uint64_t kStallCheckMs = 50;
    /// A write that got into the queue waits for flush and compaction at most so long.
    static constexpr uint64_t kLongestStallUs = 10'000'000;

    /// False: the request was refused and answered.
    bool push(std::unique_ptr<WriteRequest> request);
    enum class Runner : uint8_t {
        kSubmitter,
        // These may write the log, but wait for nothing else.
        kIdleSubmitter,
        kWritingSubmitter,
        kBlockedWriter,  ///< Of write(): waits anyway.
        kLane,
    };
    void run(Runner runner);
    void run_on_lane();
    Step work(bool may_block);
    Step form_group(bool may_block);
    size_t prefetch_front();
    bool must_wait();
    Step stall();
    void mark_waiting(uint64_t now_us);
    void expire(uint64_t now_us);
    void count_stall(bool stalls);
    std::unique_ptr<WriteRequest> pop_backlog();
    void check_again_after(uint64_t delay_ms);
    Status overloaded(const char* why, uint64_t retry_after_ms);
    Status no_room();
    void freeze_if_requested();
    void refuse_front(bool writes, const Status& status);
    Step add_front(Group& group, bool may_block);
    Status run_program(const WriteRequest& request, bool may_block);
    Status work_out(const WriteRequest& request, const WriteBatch& batch, bool may_block,
                    WriteResult& result, Bytes& ops);
    bool is_late(const WriteRequest& request, Group& group) const;
    Status check_preconditions(const WriteBatch& batch, bool may_block);
    NewestLookup newest_in(const ReadView& view, bool may_block);
    Status resolve(const WriteBatch& batch, bool may_block, std::string& ops,
                   std::vector<int64_t>& counters);
    void take_front(Group& group, WriteResult result, Durability needs);
    void apply(Group& group, uint32_t count, Bytes ops, bool is_fetched);
    void finish_group(Group group);

    StoreContext& context_;
    Health& health_;
    LogStage& log_;
    ViewRegistry& views_;
    TableCache& tables_;
    Admission& admission_;
    const CommitHooks hooks_;

    WriteQueue queue_;
    Baton baton_;
    std::atomic<uint64_t> queued_bytes_{0};
    std::atomic<bool> stalled_{false};
    std::atomic<bool> overloaded_{false};  // since the last look: submitted writes are refused
    std::atomic<bool> freeze_requested_{false};
    std::atomic<bool> stall_check_due_{false};

    // Holder of the baton only.
    std::shared_ptr<Memtable> active_;
    RequestChain backlog_;
    WriteRequest* newcomer_ = nullptr;  // first in backlog_ not seen waiting yet; null: none
    uint64_t next_expiry_us_ = 0;       // when backlog_ is next walked for what has waited too long
    Seqno next_seqno_;
    uint64_t stall_began_us_ = 0;
    uint64_t pause_us_ = 0;       // what Admission asks the next group to wait
    uint64_t next_check_us_ = 0;  // when a posted timer looks again; 0: none is
    std::string record_;          // these two are kept for their capacity
    std::string scratch_;
    WriteBatch program_batch_;  // what the program at the front wants to write
};

}  // namespace kv::db
