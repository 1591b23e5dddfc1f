// Db: one store in one directory. This is the whole engine to a caller.
//
// Writes are ordered on one lane, appended to the log in commit groups and acknowledged at the
// durability asked for; see engine/docs/durability.md. Reads see the newest published state, or a
// snapshot's. Thread rule: every method may be called from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kv/checkpoint.h"
#include "kv/explain.h"
#include "kv/iterator.h"
#include "kv/options.h"
#include "kv/result.h"
#include "kv/stats.h"
#include "kv/write_batch.h"

namespace kv {

/// What became of a write.
struct WriteResult {
    /// Ok: all of the batch is applied at the durability asked for. kInDoubt: unknown until
    /// restart. Everything else: surely not applied.
    Status status;
    Seqno first_seqno = 0;  ///< Of the batch's mutations; 0 when none was applied.
    Seqno last_seqno = 0;
    Durability reached = Durability::kMemory;
    std::vector<int64_t> counters;  ///< New values of the batch's increments, in order.
};

struct WriteRequest;
class WriteProgram;

/// Where finished writes go. Called on an engine lane: hand over and return, never block. Must
/// outlive the store, or else the on_group_end that follows its last on_written.
class WriteObserver {
  public:
    virtual ~WriteObserver() = default;
    virtual void on_written(std::unique_ptr<WriteRequest> request) = 0;
    /// Once for each observer after the last on_written of a commit group: the moment to wake the
    /// thread that waits, instead of once a write.
    virtual void on_group_end() {}
};

/// One write on its way. The caller fills batch, durability, observer; the store fills result.
struct WriteRequest {
    WriteBatch batch;
    /// Decides on the mutations instead (kv/write_program.h); of `batch` only the preconditions
    /// count then, and it must hold no mutations. Lives until the request is answered.
    WriteProgram* program = nullptr;
    Durability durability = Durability::kDisk;
    WriteObserver* observer = nullptr;
    /// Not started once the clock's monotonic_us passes this; 0 = none. Answered kDeadline.
    uint64_t deadline_us = 0;
    uint64_t tag = 0;         ///< The caller's own.
    void* context = nullptr;  ///< The caller's own.
    WriteResult result;

    // The store's own, while it holds the request.
    WriteRequest* next = nullptr;
    uint64_t stalled_us = 0;  // when it was first found waiting for flush or compaction
};

/// A fixed point in history; reads through it never change. Release it by dropping the last copy:
/// compaction keeps every version that a snapshot can see.
class Snapshot {
  public:
    virtual ~Snapshot() = default;
    virtual Seqno seqno() const = 0;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

struct ReadOptions {
    SnapshotPtr snapshot;     ///< Null: the newest published state.
    bool cache_only = false;  ///< Answer kWouldBlock instead of touching the disk.
    bool fill_cache = true;   ///< Keep the blocks read; off for bulk scans.
};

struct ScanOptions : ReadOptions {
    std::optional<std::string> lower;  ///< Inclusive.
    std::optional<std::string> upper;  ///< Exclusive.
    std::string prefix;                ///< Narrows both bounds; empty: no prefix.
    /// Dead or invisible entries that a walk may pass over after a seek before it stops with
    /// Iterator::budget_exhausted(); 0: no limit. Many versions of one key may exceed it.
    uint64_t max_skipped = 0;
};

/// A live entry.
struct Entry {
    std::string value;
    Seqno seqno = 0;
    uint64_t expiry_ms = 0;  ///< 0: never.
};

/// What there is to know of a live entry besides its value.
struct EntryHead {
    uint64_t value_bytes = 0;
    Seqno seqno = 0;
    uint64_t expiry_ms = 0;  ///< 0: never.
};

/// What the thread that submits writes does until they are answered.
enum class Submitter : uint8_t {
    kGoesOn,
    /// It takes more writes, and has nothing else to do. It may write and sync the log itself, if
    /// that takes no longer than handing it over, and what comes meanwhile shares the next sync.
    kOnlyWrites,
    /// Nothing: it may write and sync the log itself, if the disk is known to be quick, and be told
    /// of answers meanwhile. That saves waking the log's thread and being woken by it.
    kWaits,
};

class Db {
  public:
    /// Opens or creates the store in directory `path`, replaying its log. kLocked: another process
    /// has it. kCorruption: names file, offset and what to do. kUnsupported: a newer format.
    /// kInvalidArgument: every bad option in one message.
    static Result<std::unique_ptr<Db>> open(const Options& options, const std::string& path);

    /// Finishes what was submitted, syncs the log and stops the lanes. Every snapshot and iterator
    /// must be gone.
    virtual ~Db() = default;

    /// Applies `batch` and waits for the answer. Not from inside an engine callback.
    virtual WriteResult write(WriteBatch batch, Durability durability = Durability::kDisk) = 0;
    WriteResult put(Bytes key, Bytes value, Durability durability = Durability::kDisk);
    WriteResult del(Bytes key, Durability durability = Durability::kDisk);

    /// Queues the requests in order and returns; each goes to its observer exactly once. Requests
    /// of one caller thread are applied in the order submitted.
    virtual void submit(std::vector<std::unique_ptr<WriteRequest>> requests,
                        Submitter submitter = Submitter::kGoesOn) = 0;
    /// Reads what the batch's preconditions and increments will need into the block cache, so that
    /// the engine thread need not touch the disk for it. Optional. kWouldBlock when `cache_only`
    /// and a block is missing.
    virtual Status prepare(const WriteBatch& batch, bool cache_only) = 0;
    /// The same for the keys that a WriteProgram will ask for.
    virtual Status prepare(const std::vector<Bytes>& keys, bool cache_only) = 0;

    /// nullopt when the key has no live entry.
    virtual Result<std::optional<Entry>> get(Bytes key, const ReadOptions& options = {}) = 0;
    /// The same into `entry`, whose memory is used again: nothing is allocated once it is large
    /// enough. False, and `entry` is of no use, without a live entry.
    virtual Result<bool> get_into(Bytes key, const ReadOptions& options, Entry& entry);
    /// As get(), but the value is not copied: in memory, a large one takes no longer than a small.
    virtual Result<std::optional<EntryHead>> get_head(Bytes key, const ReadOptions& options = {});
    /// One answer a key, all from one state of the store; keys wait for the disk together. Once the
    /// values take more than `max_value_bytes`, the other keys with a value are answered
    /// kInvalidArgument, with its size as detail().
    virtual std::vector<Result<std::optional<Entry>>> multi_get(
        const std::vector<Bytes>& keys, const ReadOptions& options = {},
        uint64_t max_value_bytes = UINT64_MAX) = 0;
    /// Does what get does and tells how: sources asked, filters, blocks, time.
    virtual Result<GetExplanation> explain_get(Bytes key, const ReadOptions& options = {}) = 0;
    /// Walks forward over at most `limit` entries and tells how.
    virtual Result<ScanExplanation> explain_scan(const ScanOptions& options, uint64_t limit) = 0;
    virtual std::unique_ptr<Iterator> new_iterator(const ScanOptions& options = {}) = 0;
    virtual SnapshotPtr snapshot() = 0;

    /// Newest seqno that reads can see; newest that survives a power failure.
    virtual Seqno published_seqno() const = 0;
    virtual Seqno durable_seqno() const = 0;
    /// Waits until everything submitted before is on stable storage.
    virtual Status sync() = 0;
    /// Writes the memtable out as a table and waits. Compacts everything into the last level.
    virtual Status flush() = 0;
    virtual Status compact_all() = 0;
    /// Deletes everything, durably: a range delete over all keys there are. Their tables then go in
    /// one edit, unread, once no snapshot needs them. Open snapshots and iterators keep what they
    /// see.
    virtual Status clear() = 0;
    /// A copy of the store as of now in the new directory `dir`, which opens as a store of its own:
    /// hard links of the tables and a copy of the log's end. Writes go on meanwhile. Takes `dir`
    /// when it is missing or empty. kInvalidArgument: it holds something. kLocked: another one is
    /// being made there. After an error nothing is left that would open.
    virtual Result<CheckpointInfo> checkpoint(const std::string& dir,
                                              const CheckpointOptions& options = {}) = 0;
    /// Entries in the bounds, estimated from table metadata and memtable sizes.
    virtual uint64_t approximate_count(const ScanOptions& options) = 0;
    virtual StoreStats stats() = 0;
};

/// Checks an Options for values that cannot work; lists all of them in one message.
Status validate_options(const Options& options);

}  // namespace kv
