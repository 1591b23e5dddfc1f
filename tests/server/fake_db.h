// FakeDb: a kv::Db in a std::map, for tests of the server. Writes are applied when submitted and
// answered at once, or when the test says so; reads can be told to need the disk.
// Thread rule: every method from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kv/db.h"

namespace kv::server {

using FakeMap = std::map<std::string, Entry, std::less<>>;

class FakeDb final : public Db {
  public:
    /// As a store whose keyspace catalog was made before.
    FakeDb();

    // What the test decides.
    /// Reads with cache_only answer kWouldBlock; write programs find nothing at their first run.
    std::atomic<bool> cold = false;
    std::atomic<uint64_t> wall_ms = 1;       ///< For write programs, preconditions and walks.
    std::atomic<Seqno> synced = UINT64_MAX;  ///< Later writes would not survive a power failure.
    std::atomic<bool> hold_answers = false;  ///< Submitted writes wait for release().
    std::atomic<uint64_t> multi_gets = 0;    ///< Calls of multi_get so far.
    std::atomic<uint64_t> stats_calls = 0;   ///< Of stats(), so far.
    std::string state_reason;                ///< Of stats(). Set before any thread asks.
    StoreStats base_stats;                   ///< The rest of them. The same.
    Status checkpoint_status;                ///< Of checkpoint().
    /// Status that writes get instead of being applied.
    void fail_writes_with(Status status);
    /// Answers everything held so far, as one group.
    void release();
    size_t held() const;
    size_t submits() const { return submits_.load(); }
    /// Keys of applied puts and increments, in order.
    std::vector<std::string> order() const;
    void set(const std::string& key, const std::string& value);

    WriteResult write(WriteBatch batch, Durability durability) override;
    void submit(std::vector<std::unique_ptr<WriteRequest>> requests,
                Submitter submitter = Submitter::kGoesOn) override;
    Status prepare(const WriteBatch& batch, bool cache_only) override;
    Status prepare(const std::vector<Bytes>& keys, bool cache_only) override;
    Result<std::optional<Entry>> get(Bytes key, const ReadOptions& options) override;
    std::vector<Result<std::optional<Entry>>> multi_get(const std::vector<Bytes>& keys,
                                                        const ReadOptions& options,
                                                        uint64_t max_value_bytes) override;
    /// Outcome, seqno and size; of a scan the number of entries.
    Result<GetExplanation> explain_get(Bytes key, const ReadOptions& options) override;
    Result<ScanExplanation> explain_scan(const ScanOptions& options, uint64_t limit) override;
    std::unique_ptr<Iterator> new_iterator(const ScanOptions& options) override;
    SnapshotPtr snapshot() override;
    Seqno published_seqno() const override { return seqno_.load(); }
    Seqno durable_seqno() const override { return std::min(seqno_.load(), synced.load()); }
    Status sync() override { return Status::ok(); }
    Status flush() override { return Status::ok(); }
    Status compact_all() override { return Status::ok(); }
    Status clear() override { return Status::ok(); }
    /// Makes the directory, or says that it is there; then fails with checkpoint_status, unless ok.
    Result<CheckpointInfo> checkpoint(const std::string& dir, const CheckpointOptions&) override;
    uint64_t approximate_count(const ScanOptions& options) override;
    StoreStats stats() override {
        ++stats_calls;
        StoreStats stats = base_stats;
        stats.state_reason = state_reason;
        return stats;
    }

  private:
    bool holds(const Precondition& wanted) const;
    Status check(const WriteBatch& batch) const;
    void apply(WriteRequest& request);
    void apply_batch(const WriteBatch& batch, WriteResult& result);
    std::shared_ptr<const FakeMap> view(const ReadOptions& options) const;
    static void answer(std::vector<std::unique_ptr<WriteRequest>> requests);

    mutable std::mutex mutex_;
    std::shared_ptr<const FakeMap> map_;  // replaced, never changed
    std::vector<std::unique_ptr<WriteRequest>> held_;
    std::vector<std::string> order_;
    std::map<std::string, Seqno> changed_at_, put_at_;  // of each key, the last time
    Status write_failure_;
    std::atomic<Seqno> seqno_{0};
    std::atomic<size_t> submits_{0};
};

}  // namespace kv::server
