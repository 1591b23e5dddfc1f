// A log directory on the crashable disk, written and replayed with few words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "record/batch_format.h"
#include "record/file_names.h"
#include "record/log_record.h"
#include "support/crash_file_system.h"
#include "wal/recovery.h"
#include "wal/segment_writer.h"

namespace kv::test {

inline constexpr uint64_t kDatabaseId = 0xDB;
inline constexpr uint64_t kCapacity = 4096;

inline std::string segment_path(uint64_t number) {
    return join_path("db", log_segment_name(number));
}

/// What a replay delivered: "SEQNO key=value" a put.
struct Replayed {
    std::vector<std::string> puts;
    Status status;
    wal::RecoveredLog log;
};

inline Replayed replay(FileSystem& fs, wal::ReplayRequest request) {
    Replayed replayed;
    request.database_id = kDatabaseId;
    Result<wal::RecoveredLog> log =
        wal::replay_log(fs, "db", request, [&](const wal::ReplayedBatch& batch) {
            BatchReader reader(batch.ops);
            Seqno seqno = batch.first_seqno;
            for (Op op; reader.next(op); ++seqno) {
                replayed.puts.push_back(std::to_string(seqno) + " " + std::string(op.key) + "=" +
                                        std::string(op.value));
            }
            return reader.status();
        });
    replayed.status = log.status();
    if (log.is_ok()) replayed.log = *log;
    return replayed;
}

inline Replayed replay(FileSystem& fs, uint64_t last_created, uint64_t oldest = 1,
                       Seqno flushed = 0) {
    wal::ReplayRequest request;
    request.oldest_segment = oldest;
    request.last_created_segment = last_created;
    request.flushed_seqno = flushed;
    return replay(fs, request);
}

/// A store's log, as the commit pipeline would write it.
class LogWriter {
  public:
    explicit LogWriter(FileSystem& fs) : fs_(fs) {}

    /// Makes the next segment and goes over to it, sealing the one before.
    Status open_segment() {
        KV_RETURN_IF_ERROR(seal_left());
        if (segment_ != nullptr) {
            KV_ASSIGN_OR_RETURN(last_, segment_->seal());
        }
        return begin_segment(last_);
    }
    /// The same behind a given end.
    Status begin_segment(const wal::SegmentEnd& previous, uint64_t previous_unsynced = 0) {
        KV_ASSIGN_OR_RETURN(segment_, wal::SegmentWriter::create(fs_, "db", previous.number + 1,
                                                                 kDatabaseId, kCapacity));
        next_seqno_ = previous.last_seqno + 1;
        return segment_->begin(previous, previous_unsynced);
    }
    /// Goes over to the next segment without sealing the one before: the next sync does.
    Status leave_segment() {
        KV_RETURN_IF_ERROR(seal_left());
        unsealed_ = std::move(segment_);
        last_ = unsealed_->written_end();
        return begin_segment(last_, last_.length - unsealed_->synced_offset());
    }
    /// Seals the segment that was left, if one is not.
    Status seal_left() {
        if (unsealed_ == nullptr) return Status::ok();
        const std::unique_ptr<wal::SegmentWriter> left = std::move(unsealed_);
        return left->seal().status();
    }
    /// One commit group of one batch with `count` puts of "k"; not synced.
    Status put(const std::string& value, int count = 1) {
        std::string ops, record;
        for (int i = 0; i < count; ++i) append_put(ops, "k", value);
        const size_t start = begin_log_record(record);
        append_batch(record, static_cast<uint32_t>(count), ops);
        return finish(record, start, count);
    }
    /// A record whose payload is given.
    Status raw(Bytes payload, int count, LogRecordType type = LogRecordType::kCommitGroup) {
        std::string record;
        const size_t start = begin_log_record(record);
        record += payload;
        return finish(record, start, count, type);
    }
    Status sync() {
        KV_RETURN_IF_ERROR(seal_left());
        return segment_->sync();
    }
    Status put_synced(const std::string& value, int count = 1) {
        KV_RETURN_IF_ERROR(put(value, count));
        return sync();
    }
    void skip_seqnos(Seqno count) { next_seqno_ += count; }

    wal::SegmentWriter& segment() { return *segment_; }

  private:
    Status finish(std::string& record, size_t start, int count,
                  LogRecordType type = LogRecordType::kCommitGroup) {
        LogRecordFields fields;
        fields.type = type;
        fields.segment = segment_->number();
        fields.synced_offset = segment_->synced_offset();
        fields.first_seqno = next_seqno_;
        const size_t size = log_record_size(record.size() - kLogRecordHeaderBytes);
        finish_log_record(record, start, segment_->reserve(size), fields);
        next_seqno_ += static_cast<Seqno>(count);
        return segment_->write(record, next_seqno_ - 1, true);
    }

    FileSystem& fs_;
    std::unique_ptr<wal::SegmentWriter> segment_;
    std::unique_ptr<wal::SegmentWriter> unsealed_;
    wal::SegmentEnd last_;
    Seqno next_seqno_ = 1;
};

/// A disk with the directory "db".
inline std::unique_ptr<CrashFileSystem> make_disk() {
    auto fs = std::make_unique<CrashFileSystem>();
    if (!fs->create_dir("db").is_ok() || !fs->sync_dir("").is_ok()) std::abort();
    return fs;
}

/// Three segments: values a, b | c, d | e. Everything synced, the first two sealed.
inline std::unique_ptr<CrashFileSystem> three_segments() {
    std::unique_ptr<CrashFileSystem> fs = make_disk();
    LogWriter log(*fs);
    bool fine = true;
    for (const char* values : {"ab", "cd", "e"}) {
        fine = fine && log.open_segment().is_ok();
        for (const char* value = values; *value != '\0'; ++value) {
            fine = fine && log.put_synced(std::string(1, *value)).is_ok();
        }
    }
    if (!fine) std::abort();
    return fs;
}

inline std::string message_of(const Replayed& replayed) {
    return std::string(replayed.status.message());
}

}  // namespace kv::test
