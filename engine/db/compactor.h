// Compactor: decides when the picker is asked, runs its plans on the compaction lane, and commits
// their results.
//
// A plan that meets a damaged table is given up: its inputs stay as they are and are not picked
// again until the store is reopened; everything else goes on. Thread rule: schedule and compact_all
// from any thread; jobs run on the compaction lane. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "compaction/job.h"
#include "compaction/picker.h"
#include "db/garbage.h"
#include "db/health.h"
#include "db/log_stage.h"
#include "db/shape.h"
#include "db/snapshot_list.h"
#include "db/store_context.h"

namespace kv::db {

class Compactor {
  public:
    Compactor(StoreContext& context, Manifest& manifest, Health& health, const LogStage& log,
              Shape& shape, const SnapshotList& snapshots, TableCache& tables,
              GarbageCollector& garbage);

    /// Called on the compaction lane after every job. Set before the first write.
    void on_compacted(std::function<void()> callback) { on_compacted_ = std::move(callback); }
    /// Starts as many jobs as there is work and room for.
    void schedule();
    /// Merges everything into the deepest level in use and waits. The error that stopped it, if
    /// any.
    Status compact_all();
    /// A damaged table is in level 0: nothing merges that level until the store is opened anew.
    bool is_level0_stuck() const;
    /// Why the last job failed, if it did, the disk being the reason; it is tried again.
    Status last_failure() const;
    /// Running jobs stop soon, no new one starts.
    void stop();

  private:
    struct Manual {
        Status status;
        std::atomic<uint32_t> done{0};
    };
    static constexpr uint64_t kRetryMs = 1000;

    bool start_next();
    void run(std::shared_ptr<CompactionPlan> plan, VersionPtr base, Manual* manual);
    Status carry_out(const CompactionPlan& plan, const VersionPtr& base);
    Status commit(const CompactionPlan& plan, const CompactionResult& result, uint64_t began_us);
    /// After a doubtful commit: the outputs go once a later edit has settled that they are unused.
    void give_up_outputs(const CompactionPlan& plan, const CompactionResult& result);
    void raise_forgotten(Seqno newest);
    void finish(const CompactionPlan& plan, const Status& status, Manual* manual);
    void finish_manual(Manual* manual, const Status& status);

    StoreContext& context_;
    Manifest& manifest_;
    Health& health_;
    const LogStage& log_;
    Shape& shape_;
    const SnapshotList& snapshots_;
    TableCache& tables_;
    GarbageCollector& garbage_;
    const PickerOptions picker_options_;
    std::function<void()> on_compacted_;
    std::atomic<bool> stopping_{false};

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    std::set<uint64_t> busy_;     // inputs of running jobs
    std::set<uint64_t> damaged_;  // inputs of jobs that met damage
    uint32_t running_ = 0;
    bool waiting_for_retry_ = false;
    Status last_failure_;
    Manual* manual_ = nullptr;  // asked for, not started
};

}  // namespace kv::db
