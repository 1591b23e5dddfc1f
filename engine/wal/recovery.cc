// Replaying the log: wal/recovery.h.
// SPDX-License-Identifier: Apache-2.0
#include "wal/recovery.h"

#include <algorithm>

#include "kv/assert.h"
#include "record/batch_format.h"
#include "record/damage_advice.h"
#include "record/file_names.h"
#include "record/log_record_reader.h"
#include "wal/segment_chain.h"

namespace kv::wal {

namespace {

constexpr size_t kCopyBytes = 256U << 10;

class Replay {
  public:
    Replay(FileSystem& fs, const std::string& dir, const ReplayRequest& request,
           const BatchCallback& callback)
        : fs_(fs), dir_(dir), request_(request), callback_(callback) {}

    Result<RecoveredLog> run();

  private:
    /// A segment that was read and may not be durable to its end.
    struct Tail {
        const ChainLink* link;
        uint64_t length;
        uint64_t synced_offset;  // as far as records and headers tell
    };

    Status sort_out_other_segments();
    Status judge_orphan(uint64_t number, const std::string& name);
    Status read_links(const std::vector<ChainLink>& chain);
    Status read_segment(const ChainLink& link, const ChainLink* next);
    Status end_early(const ChainLink& link, const LogEnd& end, const ChainLink& next);
    Status check_start(const ChainLink& link, Seqno previous_seqno);
    Status pass_unused(const ChainLink& link);
    Status check_end(const ChainLink& link, uint64_t length);
    Status deliver_group(const ChainLink& link, uint64_t offset, const LogRecord& record);
    Status deliver_batch(const ChainLink& link, uint64_t epoch, uint32_t count, Bytes ops);
    Status make_durable(const Tail& tail);
    Status settle();

    FileSystem& fs_;
    const std::string& dir_;
    const ReplayRequest& request_;
    const BatchCallback& callback_;
    RecoveredLog log_;
    bool first_in_segment_ = true;
    std::vector<Tail> tails_;             // oldest first
    const ChainLink* dropped_ = nullptr;  // the log ends before it, though it was begun
};

Status broken(const std::string& path, uint64_t offset, const std::string& what) {
    return Status::corruption(path + ", offset " + std::to_string(offset) + ": " + what +
                              kStoreAdvice);
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

Status Replay::read_segment(const ChainLink& link, const ChainLink* next) {
    KV_RETURN_IF_ERROR(check_start(link, link.header.previous.last_seqno));
    first_in_segment_ = true;
    ++log_.segments;
    const Vouched& vouched = link.vouched;
    if (vouched.length == 0) return check_end(link, 0);
    LogRecordReader reader(link.file, {link.path, link.number, kSegmentHeaderBytes, vouched.length,
                                       vouched.is_proven});
    reader.set_last_seqno(log_.last.last_seqno);
    uint64_t synced_offset = vouched.durable_length;
    LogRecord record;
    while (true) {
        KV_ASSIGN_OR_RETURN(const bool more, reader.next(record));
        if (!more) break;
        KV_RETURN_IF_ERROR(deliver_group(link, reader.record_offset(), record));
        reader.set_last_seqno(log_.last.last_seqno);
        log_.bytes += log_record_size(record.payload.size());
        synced_offset = std::max(synced_offset, record.synced_offset);
    }
    const LogEnd& end = reader.end();
    if (end.torn) log_.torn_tail = {link.path, end.offset, end.bytes_dropped, {}};
    const bool is_last = !vouched.length && !vouched.last_seqno;
    if (is_last || !vouched.is_proven) tails_.push_back({&link, end.offset, synced_offset});
    if (!vouched.is_proven && end.offset < *vouched.length) return end_early(link, end, *next);
    return check_end(link, end.offset);
}

/// The next segment began before this one was durable to its end, and a crash came before that.
Status Replay::end_early(const ChainLink& link, const LogEnd& end, const ChainLink& next) {
    KV_RETURN_IF_ERROR(check_unproven_end(link, end.offset, next));
    // What the next segment holds goes with it: it comes later in history, and nobody was told
    // that it is durable.
    log_.torn_tail = {link.path, end.offset, *link.vouched.length - end.offset, next.path};
    log_.last.number = link.number;
    log_.last.length = end.offset;
    dropped_ = &next;
    return Status::ok();
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
Status Replay::make_durable(const Tail& tail) {
    const ChainLink& link = *tail.link;
    KV_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs_.open_writable(link.path));
    KV_RETURN_IF_ERROR(file->truncate(tail.length));
    std::string buffer(kCopyBytes, '\0');
    for (uint64_t offset = tail.synced_offset; offset < tail.length;) {
        const size_t wanted =
            static_cast<size_t>(std::min<uint64_t>(kCopyBytes, tail.length - offset));
        KV_ASSIGN_OR_RETURN(const size_t got, link.file->read_at(offset, wanted, buffer.data()));
        if (got != wanted) return Status::io_error(link.path + ": shrank while it was being read");
        KV_RETURN_IF_ERROR(file->write_at(offset, Bytes(buffer.data(), got)));
        offset += got;
    }
    return file->sync();
}

/// Makes the log on the disk what was read. Oldest first: a header may vouch for the end before it.
Status Replay::settle() {
    for (const Tail& tail : tails_) KV_RETURN_IF_ERROR(make_durable(tail));
    // A segment may have got its name just before the process died.
    if (!tails_.empty()) KV_RETURN_IF_ERROR(fs_.sync_dir(dir_));
    if (dropped_ == nullptr) return Status::ok();
    // Before the segment in front of it can be forgotten: it must not pass for the log's beginning.
    KV_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs_.open_writable(dropped_->path));
    KV_RETURN_IF_ERROR(file->truncate(0));
    return file->sync();
}

Status Replay::read_links(const std::vector<ChainLink>& chain) {
    for (size_t i = 0; i < chain.size() && dropped_ == nullptr; ++i) {
        const ChainLink& link = chain[i];
        if (link.used) {
            KV_RETURN_IF_ERROR(read_segment(link, i + 1 < chain.size() ? &chain[i + 1] : nullptr));
        } else if (link.vouched.last_seqno) {
            KV_RETURN_IF_ERROR(pass_unused(link));
        } else {
            KV_ASSIGN_OR_RETURN(const uint64_t size, link.file->size());
            if (size == 0) log_.emptied.push_back(link.path);
        }
    }
    return Status::ok();
}

Result<RecoveredLog> Replay::run() {
    KV_RETURN_IF_ERROR(sort_out_other_segments());
    const uint64_t oldest = request_.oldest_segment;
    // Where the log goes on when none of the segments before it is left.
    log_.last = {oldest - 1, 0, request_.flushed_seqno};
    KV_ASSIGN_OR_RETURN(
        const std::vector<ChainLink> chain,
        read_chain(fs_, dir_, oldest, request_.last_created_segment, request_.database_id));
    KV_RETURN_IF_ERROR(read_links(chain));
    if (!request_.read_only) KV_RETURN_IF_ERROR(settle());
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
