// Flusher: writes immutable memtables out as level 0 tables, oldest first, and lets go of the log
// behind them.
//
// A memtable is flushed only once all of it is published: what a failed log sync left in doubt
// never reaches a table. When the disk refuses, the memtable and its log stay, writes are refused
// through Health, and a timer tries again. Thread rule: schedule from any thread; the work runs on
// the flush lane, one at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "compaction/flush_job.h"
#include "db/derived_options.h"
#include "db/garbage.h"
#include "db/health.h"
#include "db/log_stage.h"
#include "db/shape.h"
#include "db/snapshot_list.h"
#include "db/store_context.h"

namespace kv::db {

class Flusher {
  public:
    Flusher(StoreContext& context, Manifest& manifest, Health& health, LogStage& log, Shape& shape,
            const SnapshotList& snapshots, GarbageCollector& garbage)
        : context_(context),
          manifest_(manifest),
          health_(health),
          log_(log),
          shape_(shape),
          snapshots_(snapshots),
          garbage_(garbage) {}

    /// Called on the flush lane after every flush, failed ones included. Set before the first
    /// write.
    void on_flushed(std::function<void()> callback) { on_flushed_ = std::move(callback); }
    /// Starts a flush if a memtable waits, is published, and none is running. Cheap.
    void schedule();

  private:
    static constexpr uint64_t kRetryMs = 500;

    void run();
    bool flush_one(const std::shared_ptr<Memtable>& memtable);
    Status write_table(Memtable& memtable);
    void retry(Health::Cause cause, const Status& status);

    StoreContext& context_;
    Manifest& manifest_;
    Health& health_;
    LogStage& log_;
    Shape& shape_;
    const SnapshotList& snapshots_;
    GarbageCollector& garbage_;
    std::function<void()> on_flushed_;

    std::atomic<bool> running_{false};
    // Holder of running_ only.
    std::optional<VersionEdit>
        edit_;  // of the table written for the oldest memtable, until applied
};

}  // namespace kv::db
