// LogRecordReader: reads the records of one log segment or MANIFEST in order and decides what its
// end means (engine/docs/wal_format.md, "Where a log ends").
//
// Replay, MANIFEST recovery and kvtool use it. Memory: a buffer of 256 KiB, or one record if that
// is larger; a length is believed only after the file proved long enough for it.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "kv/file_system.h"
#include "kv/result.h"
#include "record/log_record.h"

namespace kv {

struct LogReaderOptions {
    std::string path;           ///< For messages.
    uint64_t segment = 0;       ///< Number every record must carry.
    uint64_t start_offset = 0;  ///< Of the first record; a multiple of 8.
    /// The file's final length, when a later file of the chain vouches for it. Then everything
    /// before it must verify, records must end exactly there, and bytes after it are ignored.
    std::optional<uint64_t> end_limit;
    /// False: the later file began before all of that was durable. Records may end earlier then, by
    /// the rule for a file that nobody vouches for.
    bool end_is_proven = true;
};

/// How the log ended, once next() has returned false.
struct LogEnd {
    uint64_t offset = 0;         ///< Just after the last good record.
    bool torn = false;           ///< Bytes that never became a durable record follow.
    uint64_t bytes_dropped = 0;  ///< From offset to the last byte that is not zero.
};

class LogRecordReader {
  public:
    LogRecordReader(std::shared_ptr<RandomAccessFile> file, LogReaderOptions options);

    /// True with the next record (views last until the next call), false at the end: see end().
    /// kCorruption names file, offset and the seqnos at stake; an I/O error is passed on and is
    /// never taken for the end. After an error or the end, do not call again.
    Result<bool> next(LogRecord& record);
    const LogEnd& end() const { return end_; }
    /// Where the record that next() just returned starts, and where the next one will.
    uint64_t record_offset() const { return record_offset_; }
    uint64_t offset() const { return offset_; }
    /// Lets messages name the seqnos at stake. Optional.
    void set_last_seqno(Seqno last) { last_seqno_ = last; }

  private:
    Status start();
    Status fill(uint64_t offset, size_t length, Bytes& bytes);
    Result<bool> end_at(uint64_t offset);
    Status damaged(uint64_t found_at, const LogRecordFields& found) const;

    const std::shared_ptr<RandomAccessFile> file_;
    const LogReaderOptions options_;
    uint64_t file_end_ = 0;  // the end limit, or the file's size when reading began
    bool started_ = false;
    uint64_t offset_;
    uint64_t record_offset_ = 0;
    Seqno last_seqno_ = 0;
    LogEnd end_;
    std::string buffer_;
    uint64_t buffer_offset_ = 0;  // of buffer_[0] in the file
};

/// The look-ahead of the torn-tail rule, for readers of other headers too: the first valid record
/// of `segment` in [from, file_end) whose synced_offset is beyond `bad_offset`, which proves that
/// the bytes at `bad_offset` were durable once. Also finds the last byte that is not zero.
struct LogEvidence {
    bool found = false;
    uint64_t offset = 0;
    LogRecordFields record;
    uint64_t nonzero_end = 0;  ///< Just after the last byte that is not zero; `from` when none is.
};
/// `from` is a multiple of 8. Fails with I/O errors only.
Result<LogEvidence> find_log_evidence(const RandomAccessFile& file, uint64_t segment,
                                      uint64_t bad_offset, uint64_t from, uint64_t file_end);

}  // namespace kv
