// DbImpl: an open store. It owns the parts and connects them; the work is theirs.
//
//   submit -> CommitStage -> LogStage -> observers      Shape: memtables and tables, as ReadViews
//   Flusher: immutable memtable -> level 0              Compactor: level n -> level n + 1
//   GarbageCollector: unlinks dead files                Health: whether writes are taken
//
// Members are declared in the order in which they need each other; close() stops them from the
// outside in. Thread rule: that of Db.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cache/block_cache.h"
#include "cache/row_cache.h"
#include "db/admission.h"
#include "db/commit_stage.h"
#include "db/compactor.h"
#include "db/derived_state.h"
#include "db/flusher.h"
#include "db/garbage.h"
#include "db/health.h"
#include "db/log_stage.h"
#include "db/memory_budget.h"
#include "db/shape.h"
#include "db/snapshot_list.h"
#include "db/store_context.h"
#include "kv/db.h"
#include "version/manifest.h"
#include "wal/recovery.h"

namespace kv::db {

struct Found;
struct RowAccess;

/// What open has to bring up before a store can run.
struct OpenedFiles {
    std::unique_ptr<Executor> own_executor;  ///< Null: the caller's.
    std::unique_ptr<StoreContext> context;
    uint64_t explicit_cache_bytes = 0;  ///< As the caller's options had it.
    std::unique_ptr<FileLock> lock;
    std::unique_ptr<Manifest> manifest;
    wal::RecoveredLog log;
    std::shared_ptr<Memtable> memtable;  ///< What replay left unflushed.
};

class DbImpl final : public Db {
  public:
    explicit DbImpl(OpenedFiles files);
    ~DbImpl() override;

    WriteResult write(WriteBatch batch, Durability durability) override;
    void submit(std::vector<std::unique_ptr<WriteRequest>> requests, Submitter submitter) override;
    Status prepare(const WriteBatch& batch, bool cache_only) override;
    Status prepare(const std::vector<Bytes>& keys, bool cache_only) override;
    Result<std::optional<Entry>> get(Bytes key, const ReadOptions& options) override;
    Result<bool> get_into(Bytes key, const ReadOptions& options, Entry& entry) override;
    Result<std::optional<EntryHead>> get_head(Bytes key, const ReadOptions& options) override;
    std::vector<Result<std::optional<Entry>>> multi_get(const std::vector<Bytes>& keys,
                                                        const ReadOptions& options,
                                                        uint64_t max_value_bytes) override;
    Result<GetExplanation> explain_get(Bytes key, const ReadOptions& options) override;
    Result<ScanExplanation> explain_scan(const ScanOptions& options, uint64_t limit) override;
    std::unique_ptr<Iterator> new_iterator(const ScanOptions& options) override;
    SnapshotPtr snapshot() override;
    Seqno published_seqno() const override { return log_.published(); }
    Seqno durable_seqno() const override { return log_.durable(); }
    Status sync() override;
    Status flush() override;
    Status compact_all() override;
    Status clear() override;
    Result<CheckpointInfo> checkpoint(const std::string& dir,
                                      const CheckpointOptions& options) override;
    uint64_t approximate_count(const ScanOptions& options) override;
    StoreStats stats() override;

  private:
    struct FlushWaiter {
        Seqno target;
        Status status;
        std::atomic<uint32_t> done{0};
    };

    void connect();
    /// For budgets_: gives the cache what memtables and tables leave of the memory budget, and
    /// counts the disk.
    void update_budgets();
    uint64_t waiting_memtable_bytes() const;
    /// For pressure_: tells Admission and Health.
    void observe_pressure();
    /// Where waiting for room in level 0 might never end, writes are refused instead.
    void judge_level0();
    /// What a walk goes over, and up to which seqno.
    std::pair<ViewLease, Seqno> pin_for(const ReadOptions& options);
    void retire_view(std::unique_ptr<const ReadView> view);
    bool freeze_memtable();
    void free_space();
    bool is_overloaded() const;
    void answer_flush_waiters();
    Result<std::optional<Entry>> answer_of(const Status& status, const Found& found);
    void count_get(const Status& status, const Found& found);
    Status find_newest(const ReadView& view, Bytes key, const ReadOptions& options, Found& found,
                       RowAccess& rows);
    void add_table_stats(StoreStats& stats) const;
    void add_stage_stats(StoreStats& stats) const;

    // Set once, in the order of use.
    const std::unique_ptr<Executor> own_executor_;
    const std::unique_ptr<StoreContext> context_;
    const std::unique_ptr<FileLock> lock_;
    const std::unique_ptr<Manifest> manifest_;
    const MemoryBudget budget_;
    BlockCache blocks_;
    RowCache rows_;
    TableCache tables_;
    const std::shared_ptr<SnapshotList> snapshots_;
    Health health_;
    GarbageCollector garbage_;
    LogStage log_;
    ViewRegistry views_;
    Shape shape_;
    Flusher flusher_;
    Compactor compactor_;
    Admission admission_;
    CommitStage commit_;
    DerivedState budgets_{[this] { update_budgets(); }};
    DerivedState pressure_{[this] { observe_pressure(); }};

    std::mutex waiters_mutex_;
    std::vector<FlushWaiter*> flush_waiters_;  // guarded by waiters_mutex_
};

ReadMode read_mode(const ReadOptions& options);

/// Everything Db::open does before the store runs: directory, lock, MANIFEST, replay.
Result<OpenedFiles> open_files(const Options& options, const std::string& path);

}  // namespace kv::db
