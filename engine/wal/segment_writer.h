// SegmentWriter: one log segment from its preallocation to its sealed end.
//
// Driven by the commit pipeline from two sides at once. The COMMIT side plans where records go and
// encodes them; the LOG side writes and syncs what was encoded. Lifecycle:
//   create (any thread) -> begin (log) -> { reserve (commit) -> write (log) -> sync (log) }* ->
//   seal (log) -> begin of the next segment with the SegmentEnd that seal returned.
// Crash safety rests on that last arrow: a segment's header is written only after the segment
// before it is durable up to its end, so a valid header never vouches for bytes that are not there.
// Where nobody waits for the disk, the next segment may begin before the seal; its header then says
// how much is not proven, and its first sync has to follow the seal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "kv/file_system.h"
#include "kv/result.h"
#include "wal/segment_format.h"

namespace kv::wal {

class SegmentWriter {
  public:
    /// Makes the prepared segment `number` in `dir`: an empty file of `capacity_bytes` zeros, file
    /// and directory entry durable on return. An older file of that name is emptied first, so none
    /// of its records can come back. `capacity_bytes` must exceed kSegmentHeaderBytes; a record
    /// larger than a usual segment gets a larger one: see capacity_for. Any failure leaves at most
    /// a file without a header, which recovery ignores.
    static Result<std::unique_ptr<SegmentWriter>> create(FileSystem& fs, const std::string& dir,
                                                         uint64_t number, uint64_t database_id,
                                                         uint64_t capacity_bytes);
    /// The same beside the segment of that number, which has records that may be needed still, with
    /// room for just `record_bytes`. take_place() puts it there once its own are durable.
    static Result<std::unique_ptr<SegmentWriter>> create_beside(FileSystem& fs,
                                                                const std::string& dir,
                                                                uint64_t number,
                                                                uint64_t database_id,
                                                                uint64_t record_bytes);
    /// For one that nothing was written to and nothing will be: gives its space back, and returns
    /// `why` with what went wrong beside it. The name stays.
    Status give_up(const Status& why);
    /// Segment size that holds a record of `record_bytes`: `segment_bytes` or more.
    static uint64_t capacity_for(uint64_t segment_bytes, uint64_t record_bytes);

    SegmentWriter(const SegmentWriter&) = delete;
    SegmentWriter& operator=(const SegmentWriter&) = delete;

    // Any thread.
    uint64_t number() const { return number_; }
    uint64_t capacity() const { return capacity_; }
    const std::string& path() const { return path_; }
    /// Everything below it is durable. What the next record must carry as its synced_offset.
    uint64_t synced_offset() const { return synced_offset_.load(std::memory_order_acquire); }

    // Commit side.
    /// Whether a record of `record_bytes` (log_record_size) still fits.
    bool fits(uint64_t record_bytes) const { return reserved_ + record_bytes <= capacity_; }
    /// Takes the next `record_bytes` and returns their offset. Requires fits().
    uint64_t reserve(uint64_t record_bytes);
    /// Where the next reserve will start; the segment's final length when none follows.
    uint64_t reserved_offset() const { return reserved_; }

    // Log side.
    /// Writes the header. `previous` is what seal() of the segment before returned, or
    /// synced_end() of one whose sync failed, or RecoveredLog::last; default for the first segment.
    /// The first sync makes it durable. `previous_unsynced`: bytes at the end of `previous` that
    /// are not durable yet; then the segment before has to be sealed before this one is synced, and
    /// before another one begins.
    Status begin(const SegmentEnd& previous, uint64_t previous_unsynced = 0);
    /// Writes `records`, if any, as write() does, and the header behind them: until it is there,
    /// this segment does not say where the one before ends, and what that one holds counts.
    Status begin_with(const SegmentEnd& previous, Bytes records, Seqno last_seqno);
    /// Appends encoded records, in the order and at the offsets reserved for them. `last_seqno` is
    /// the last mutation's in them. After a failed write the segment takes no more, but may still
    /// be synced and sealed at the end of the last write that succeeded. Unless `sync_follows`,
    /// small records may go into the page cache without a system call.
    Status write(Bytes records, Seqno last_seqno, bool sync_follows);
    /// fdatasync, then advances synced_offset to everything written. After a failure what was not
    /// synced before is in doubt: every later write, sync and seal answers the same error; go on in
    /// a fresh segment, from synced_end().
    Status sync();
    /// The same, of what was written up to `end`, a written_end(). May run beside write, on any
    /// thread; a sync beside it waits, since only one of the two would hear of a failure.
    Status sync_until(const SegmentEnd& end);
    /// Cuts the file to what was written and syncs it: the durable end for the next begin(). Once
    /// the log side has stopped writing, any thread may; the second one to do so has little to do.
    Result<SegmentEnd> seal();
    /// For one made beside: takes the other's place, durably on return. After a failure either of
    /// the two may be found there.
    Status take_place(FileSystem& fs, const std::string& dir);
    /// End of what is surely durable. Length 0 when not even the header is.
    SegmentEnd synced_end() const;
    /// End of what was written, durable or not.
    SegmentEnd written_end() const { return {number_, written_, written_seqno_}; }

  private:
    Status write_header(const SegmentEnd& previous, uint64_t previous_unsynced);

    /// How much is written as zeros before the records come. A sync of bytes that were only
    /// preallocated makes the file system commit its journal; written before, it need not.
    static constexpr uint64_t kZeroAheadBytes = 256U << 10;
    /// The same where a writer would notice the time it takes.
    static constexpr uint64_t kSmallZeroAheadBytes = 8U << 10;

    static Result<std::unique_ptr<SegmentWriter>> make(FileSystem& fs, const std::string& dir,
                                                       const std::string& name, uint64_t number,
                                                       uint64_t database_id,
                                                       uint64_t capacity_bytes);
    SegmentWriter(std::unique_ptr<WritableFile> file, std::string path, uint64_t number,
                  uint64_t database_id, uint64_t capacity);
    Status append(Bytes records);
    Status sync_locked(const SegmentEnd& end);
    const Status& remember(Status status);
    Status sync_failure() const;
    bool zero_ahead(uint64_t wanted, uint64_t step);

    // Set once, but for take_place().
    std::unique_ptr<WritableFile> file_;
    std::string path_;
    const uint64_t number_;
    const uint64_t database_id_;
    const uint64_t capacity_;

    // Shared.
    std::atomic<uint64_t> synced_offset_{0};
    std::atomic<bool> sync_failed_{false};
    std::atomic<bool> sealed_{false};
    mutable std::mutex sync_mutex_;
    // Guarded by sync_mutex_.
    Seqno synced_seqno_ = 0;
    Status sync_failure_;

    // Commit side only.
    uint64_t reserved_ = kSegmentHeaderBytes;

    // Log side only.
    uint64_t written_ = 0;  // 0 until begin
    Seqno written_seqno_ = 0;
    uint64_t zeroed_ = 0;  // everything below has been written at least once
    bool can_zero_ = true;
    Status write_failure_;
};

}  // namespace kv::wal
