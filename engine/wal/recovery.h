// replay_log: reads the chain of log segments that the MANIFEST names and hands every batch that is
// not in tables yet to the caller, oldest first. Db::open calls it before anything else writes.
//
// It decides what is a torn tail (cut, reported) and what is damage (refused): engine/docs/
// wal_format.md. Memory is bounded by one record and a buffer; the caller may flush as it goes.
// Thread rule: one call, one thread; callbacks come on that thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kv/file_system.h"
#include "kv/result.h"
#include "wal/segment_format.h"

namespace kv::wal {

/// From the MANIFEST.
struct ReplayRequest {
    uint64_t database_id = 0;
    uint64_t oldest_segment = 1;        ///< First segment that may hold batches not in tables.
    uint64_t last_created_segment = 0;  ///< 0: no segment was ever created.
    Seqno flushed_seqno = 0;            ///< Batches up to here are in tables and are skipped.
    bool read_only = false;             ///< Change nothing on disk.
};

struct ReplayedBatch {
    Seqno first_seqno = 0;
    uint32_t count = 0;  ///< Ops; verified against `ops`.
    Bytes ops;           ///< Well-formed, no increments. Valid during the call.
    uint64_t epoch = 0;
    uint64_t segment = 0;  ///< That holds it.
};
/// An error stops the replay and is returned as it is.
using BatchCallback = std::function<Status(const ReplayedBatch&)>;

struct TornTail {
    std::string path;  ///< Empty: none.
    uint64_t offset = 0;
    uint64_t bytes = 0;
    /// The segment that had begun before that tail was durable: it goes with it. Empty: none.
    std::string dropped_segment;
};

struct RecoveredLog {
    /// Where the log ends now; what the next segment's begin() takes.
    SegmentEnd last;
    /// Number for that next segment. A prepared file of that number may exist; create() empties it.
    uint64_t next_segment = 1;
    /// Newest seqno of the store: the log's last, or flushed_seqno when that is newer.
    Seqno last_seqno = 0;
    uint64_t segments = 0;  ///< Read, unused ones not counted.
    uint64_t bytes = 0;     ///< Of records read.
    uint64_t batches = 0;   ///< Given to the callback.
    uint64_t skipped = 0;   ///< Already in tables.
    TornTail torn_tail;
    /// Segment files without a byte that the MANIFEST counts. One is made with its full size before
    /// the MANIFEST hears of it: a process that died while it made one of that number anew leaves
    /// it so, and so does somebody who empties it, with all that was in it.
    std::vector<std::string> emptied;
    /// Segment files above last_created_segment: made by a process that died before the MANIFEST
    /// knew them, proved to hold nothing acknowledged. The caller may remove them.
    std::vector<std::string> orphans;
    /// Segment files below oldest_segment: everything in them is in tables. The caller may remove
    /// them once the MANIFEST is not in doubt.
    std::vector<std::string> obsolete;
};

/// Unless read_only, the torn tail is cut off, and what may not be durable yet written again and
/// synced before this returns, so that what was replayed may be served. kCorruption: a segment is
/// missing, shortened, damaged, from another store, or history has a gap; the message says what to
/// do. kUnsupported: newer format. I/O errors are never taken for the end of the log.
Result<RecoveredLog> replay_log(FileSystem& fs, const std::string& dir,
                                const ReplayRequest& request, const BatchCallback& callback);

}  // namespace kv::wal
