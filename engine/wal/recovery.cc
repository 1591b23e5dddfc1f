// Replaying the log: wal/recovery.h.
// SPDX-License-Identifier: Apache-2.0
#include "wal/recovery.h"

#include <algorithm>

#include "kv/assert.h"
#include "record/batch_format.h"
#include "record/file_names.h"
#include "record/log_record_reader.h"
#include "wal/segment_chain.h"

namespace kv::wal {

namespace {

constexpr const char* kAdvice = "; restore the data directory from a backup";
constexpr size_t kCopyBytes = 256U << 10;

class Replay {
  public:
    Replay(FileSystem& fs, const std::string& dir, const ReplayRequest& request,
           const BatchCallback& callback)
        : fs_(fs), dir_(dir), request_(request), callback_(callback) {}

    Result<RecoveredLog> run();

  private:
    Status sort_out_other_segments();
    Status judge_orphan(uint64_t number, const std::string& name);
    Status read_segment(const ChainLink& link);
    Status check_start(const ChainLink& link, Seqno previous_seqno);
    Status pass_unused(const ChainLink& link);
    Status check_end(const ChainLink& link, uint64_t length);
    Status deliver_group(const ChainLink& link, uint64_t offset, const LogRecord& record);
    Status deliver_batch(const ChainLink& link, uint64_t epoch, uint32_t count, Bytes ops);
    Status make_tail_durable(const ChainLink& link);

    FileSystem& fs_;
    const std::string& dir_;
    const ReplayRequest& request_;
    const BatchCallback& callback_;
    RecoveredLog log_;
    bool first_in_segment_ = true;
    uint64_t synced_offset_ = 0;  // of the segment being read, as far as its records tell
};

Status broken(const std::string& path, uint64_t offset, const std::string& what) {
    return Status::corruption(path + ", offset " + std::to_string(offset) + ": " + what + kAdvice);
}

/// A file above the last created segment: fine unless it has a history of its own.
Status Replay::judge_orphan(uint64_t number, const std::string& name) {
    KV_ASSIGN_OR_RETURN(ChainLink link, open_segment(fs_, dir_, number, request_.database_id));
    if (link.used) {
        LogRecordReader reader(link.file, {link.path, number, kSegmentHeaderBytes, std::nullopt});
        LogRecord record;
        KV_ASSIGN_OR_RETURN(const bool any, reader.next(record));
        if (any) {
            return broken(link.path, kSegmentHeaderBytes,
                          "holds records from seqno " + std::to_string(record.first_seqno) +
                              " on, but the MANIFEST knows of segments up to " +
                              std::to_string(request_.last_created_segment) +
                              " only: an older MANIFEST was put beside newer logs");
        }
    }
    log_.orphans.push_back(name);
    return Status::ok();
}

Status Replay::sort_out_other_segments() {
    KV_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.list(dir_));
    for (const std::string& name : names) {
        const FileName parsed = parse_file_name(name);
        if (parsed.kind != FileKind::kLogSegment) continue;
        if (parsed.number > request_.last_created_segment) {
            KV_RETURN_IF_ERROR(judge_orphan(parsed.number, name));
        } else if (parsed.number < request_.oldest_segment) {
            log_.obsolete.push_back(name);
        }
    }
    return Status::ok();
}

/// Compares where the log begins with what the tables hold. Later segments are compared with the
/// end of the one before instead.
Status Replay::check_start(const ChainLink& link, Seqno previous_seqno) {
    if (link.number > request_.oldest_segment) return Status::ok();
    if (previous_seqno > request_.flushed_seqno) {
        return broken(
            link.path, 0,
            "first segment of the log starts after seqno " + std::to_string(previous_seqno) +
                ", but the tables reach only up to seqno " +
                std::to_string(request_.flushed_seqno) + ": the mutations between are missing");
    }
    log_.last.last_seqno = previous_seqno;
    return Status::ok();
}

/// A segment whose first sync failed: nothing in it counts.
Status Replay::pass_unused(const ChainLink& link) {
    KV_RETURN_IF_ERROR(check_start(link, *link.vouched.last_seqno));
    return check_end(link, 0);
}

Status Replay::check_end(const ChainLink& link, uint64_t length) {
    if (link.vouched.last_seqno && *link.vouched.last_seqno != log_.last.last_seqno) {
        return broken(link.path, length,
                      "log segment ends with seqno " + std::to_string(log_.last.last_seqno) +
                          " where the segment after it expects seqno " +
                          std::to_string(*link.vouched.last_seqno));
    }
    log_.last.number = link.number;
    log_.last.length = length;
    return Status::ok();
}

Status Replay::read_segment(const ChainLink& link) {
    KV_RETURN_IF_ERROR(check_start(link, link.header.previous.last_seqno));
    first_in_segment_ = true;
    synced_offset_ = 0;
    ++log_.segments;
    if (link.vouched.length == 0) return check_end(link, 0);
    LogRecordReader reader(link.file,
                           {link.path, link.number, kSegmentHeaderBytes, link.vouched.length});
    reader.set_last_seqno(log_.last.last_seqno);
    LogRecord record;
    while (true) {
        KV_ASSIGN_OR_RETURN(const bool more, reader.next(record));
        if (!more) break;
        KV_RETURN_IF_ERROR(deliver_group(link, reader.record_offset(), record));
        reader.set_last_seqno(log_.last.last_seqno);
        log_.bytes += log_record_size(record.payload.size());
        synced_offset_ = std::max(synced_offset_, record.synced_offset);
    }
    const LogEnd& end = reader.end();
    if (end.torn) log_.torn_tail = {link.path, end.offset, end.bytes_dropped};
    return check_end(link, end.offset);
}

Status Replay::deliver_group(const ChainLink& link, uint64_t offset, const LogRecord& record) {
    if (record.type != LogRecordType::kCommitGroup) {
        return broken(link.path, offset,
                      "log record of type " + std::to_string(static_cast<int>(record.type)) +
                          ", which this program does not know");
    }
    const Seqno expected = log_.last.last_seqno + 1;
    // A store that flushed more than its log kept on the disk goes on behind the tables.
    const bool behind_tables = first_in_segment_ && record.first_seqno > expected &&
                               record.first_seqno <= request_.flushed_seqno + 1;
    if (record.first_seqno != expected && !behind_tables) {
        return broken(link.path, offset,
                      "gap in history: record starts with seqno " +
                          std::to_string(record.first_seqno) + ", expected " +
                          std::to_string(expected));
    }
    first_in_segment_ = false;
    log_.last.last_seqno = record.first_seqno - 1;
    GroupReader group(record.payload);
    uint32_t count;
    Bytes ops;
    while (group.next(count, ops)) {
        const Status malformed = check_logged_ops(count, ops);
        if (!malformed.is_ok()) return broken(link.path, offset, std::string(malformed.message()));
        KV_RETURN_IF_ERROR(deliver_batch(link, record.epoch, count, ops));
    }
    if (!group.status().is_ok()) {
        return broken(link.path, offset, std::string(group.status().message()));
    }
    return Status::ok();
}

Status Replay::deliver_batch(const ChainLink& link, uint64_t epoch, uint32_t count, Bytes ops) {
    const Seqno first = log_.last.last_seqno + 1;
    const Seqno last = first + count - 1;
    if (last > kMaxSeqno) return broken(link.path, 0, "seqno beyond the 56 bits it has");
    log_.last.last_seqno = last;
    if (last <= request_.flushed_seqno) {
        ++log_.skipped;
        return Status::ok();
    }
    if (first <= request_.flushed_seqno) {
        return broken(link.path, 0,
                      "the batch of seqnos " + std::to_string(first) + " to " +
                          std::to_string(last) + " is only in part in tables, which reach up to " +
                          std::to_string(request_.flushed_seqno));
    }
    ++log_.batches;
    return callback_({first, count, ops, epoch, link.number});
}

/// What was read may be in the page cache only, even after a sync that failed before the process
/// died; written again, it is dirty again, and this sync covers it.
Status Replay::make_tail_durable(const ChainLink& link) {
    KV_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs_.open_writable(link.path));
    KV_RETURN_IF_ERROR(file->truncate(log_.last.length));
    std::string buffer(kCopyBytes, '\0');
    for (uint64_t offset = synced_offset_; offset < log_.last.length;) {
        const size_t wanted =
            static_cast<size_t>(std::min<uint64_t>(kCopyBytes, log_.last.length - offset));
        KV_ASSIGN_OR_RETURN(const size_t got, link.file->read_at(offset, wanted, buffer.data()));
        if (got != wanted) return Status::io_error(link.path + ": shrank while it was being read");
        KV_RETURN_IF_ERROR(file->write_at(offset, Bytes(buffer.data(), got)));
        offset += got;
    }
    return file->sync();
}

Result<RecoveredLog> Replay::run() {
    KV_RETURN_IF_ERROR(sort_out_other_segments());
    const uint64_t oldest = request_.oldest_segment;
    // Where the log goes on when none of the segments before it is left.
    log_.last = {oldest - 1, 0, request_.flushed_seqno};
    KV_ASSIGN_OR_RETURN(
        const std::vector<ChainLink> chain,
        read_chain(fs_, dir_, oldest, request_.last_created_segment, request_.database_id));
    const ChainLink* tail = nullptr;
    for (const ChainLink& link : chain) {
        if (link.used) {
            KV_RETURN_IF_ERROR(read_segment(link));
            tail = &link;
        } else if (link.vouched.last_seqno) {
            KV_RETURN_IF_ERROR(pass_unused(link));
        }
    }
    if (tail != nullptr && tail->number == log_.last.number && log_.last.length > 0 &&
        !request_.read_only) {
        KV_RETURN_IF_ERROR(make_tail_durable(*tail));
    }
    log_.next_segment = log_.last.number + 1;
    log_.last_seqno = std::max(log_.last.last_seqno, request_.flushed_seqno);
    return std::move(log_);
}

}  // namespace

Result<RecoveredLog> replay_log(FileSystem& fs, const std::string& dir,
                                const ReplayRequest& request, const BatchCallback& callback) {
    KV_ASSERT(request.oldest_segment > 0);
    return Replay(fs, dir, request, callback).run();
}

}  // namespace kv::wal
