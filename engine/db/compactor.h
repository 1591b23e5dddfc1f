// Compactor: decides when the picker is asked, runs its plans on the compaction lane, and commits
// their results.
//
// A plan that meets a damaged table is given up: that table is not picked again until the store is
// reopened; everything else goes on. So it does beside a table that the disk does not give, which
// is read again after a while, and ever more rarely, until it can be: set_aside.h. A store that was
// not written to for a while is tidied up.
// Before anything else is picked from a version, tables that its range deletes cover are dropped.
// Thread rule: schedule and compact_all from any thread; jobs run on the compaction lane.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "compaction/covered_tables.h"
#include "compaction/job.h"
#include "compaction/picker.h"
#include "db/garbage.h"
#include "db/health.h"
#include "db/job_runner.h"
#include "db/log_stage.h"
#include "db/set_aside.h"
#include "db/shape.h"
#include "db/snapshot_list.h"
#include "db/store_context.h"

namespace kv::db {

class Compactor {
  public:
    Compactor(StoreContext& context, Manifest& manifest, Health& health, const LogStage& log,
              Shape& shape, const SnapshotList& snapshots, TableCache& tables,
              GarbageCollector& garbage);

    /// Called on the compaction lane after every job, after a look at range deletes and, where
    /// there is a disk budget, once a job's outputs are there. Set before the first write.
    void on_compacted(std::function<void()> callback) { on_compacted_ = std::move(callback); }
    /// Starts as many jobs as there is work and room for.
    void schedule();
    /// Merges all that is in tables now into the last level, step by step, and waits. The error
    /// that stopped it, if any.
    Status compact_all();
    /// Damaged tables keep level 0 from being merged until the store is opened anew.
    bool is_level0_stuck() const;
    /// Bytes that compaction must still move.
    uint64_t debt_bytes() const {
        return compaction_debt_bytes(*manifest_.current(), picker_options_);
    }
    /// Why the last job failed, if it did, the disk being the reason, or why level 0 cannot be
    /// merged, if a table that cannot be read is the reason; it is tried again.
    Status last_failure() const;
    bool is_running() const;
    /// Running jobs stop soon, no new one starts.
    void stop();

  private:
    struct Manual {
        FullCompaction what;
        uint32_t steps = 0;
        uint32_t running = 0;  // steps under way
        Status status;
        std::atomic<uint32_t> done{0};
    };
    /// A job under way.
    struct Task {
        VersionPtr base;
        Manual* manual = nullptr;
        uint64_t began_us = 0;
    };
    /// The range deletes of a version's tables, and with what result it was last searched for
    /// tables that they cover.
    struct RangeDeletes {
        std::weak_ptr<const Version> version;  // what it holds must not live on for this
        std::vector<RangeTombstoneSetPtr> sets;
        bool is_searched = false;
        bool more_later = false;
        Seqno searched_at = 0;
    };
    static constexpr uint64_t kRetryMs = 1000;
    /// Without a write for so long, the store is at rest. A pause between two loads is none: what
    /// is tidied up in it is written once more than it need be.
    static constexpr uint64_t kRestMs = 10'000;

    bool start_next();
    bool runs_urgent() const;
    std::optional<CompactionPlan> pick(const Version& version, const DropRules& rules,
                                       Manual** manual);
    bool knows_range_deletes(const VersionPtr& version);
    void read_range_deletes();
    std::optional<CompactionPlan> pick_covered_tables(const Version& version,
                                                      const PickerState& state);
    std::optional<CompactionPlan> pick_within_budget(const Version& version,
                                                     const PickerState& state,
                                                     bool only_level0) const;
    void count_promised();
    void count_written(const CompactionPlan& plan);
    DropRules rules_now() const;
    void start(CompactionPlan plan, VersionPtr base, DropRules rules, Manual* manual);
    void complete(const CompactionPlan& plan, const Task& task, Result<CompactionResult> result);
    Status commit(const CompactionPlan& plan, const CompactionResult& result, uint64_t began_us);
    /// After a doubtful commit: the outputs go once a later edit has settled that they are unused.
    /// Nothing starts until then.
    void give_up_outputs(const CompactionPlan& plan, const CompactionResult& result);
    void raise_forgotten(Seqno newest);
    void finish(const CompactionPlan& plan, const Status& status, bool by_job, Manual* manual);
    void take_back_inputs(const CompactionPlan& plan);
    bool set_damaged_aside(const CompactionPlan& plan, const Status& status);
    bool set_unread_aside(const CompactionPlan& plan, const Status& status);
    void leave_out(const FileMeta& file, const Status& why);
    void read_again(uint64_t number, bool whole);
    void tell_health();
    bool keeps_level0(const Version& version, const std::set<uint64_t>& tables) const;
    void retry_later();
    void retry();
    bool is_in_doubt();
    Status settle_doubt();
    void watch_for_rest(const Version& version);
    void watch_for_expiry(const Version& version, uint64_t now_ms);
    void finish_manual(const Status& status);

    StoreContext& context_;
    Manifest& manifest_;
    Health& health_;
    const LogStage& log_;
    Shape& shape_;
    const SnapshotList& snapshots_;
    TableCache& tables_;
    GarbageCollector& garbage_;
    const uint32_t threads_;
    const PickerOptions picker_options_;
    JobRunner runner_;
    std::function<void()> on_compacted_;
    std::atomic<bool> stopping_{false};

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    std::vector<const CompactionPlan*> running_;  // of the jobs under way, which hold them
    std::set<const CompactionPlan*> written_;     // of them, whose outputs are there
    SetAside aside_;                              // inputs that jobs could not read
    bool waiting_for_retry_ = false;
    bool retry_timer_is_set_ = false;
    bool commit_in_doubt_ = false;
    Status last_failure_;
    Manual* manual_ = nullptr;  // asked for, not complete
    Seqno flushed_ = 0;         // when watch_for_rest last looked
    bool rest_watched_ = false;
    bool at_rest_ = false;
    RangeDeletes range_deletes_;
    bool reads_range_deletes_ = false;         // a job on the lane does, or will
    uint64_t expiry_watched_ms_ = UINT64_MAX;  // a timer is set for then
};

}  // namespace kv::db
