// Writing one log segment: wal/segment_writer.h.
// SPDX-License-Identifier: Apache-2.0
#include "wal/segment_writer.h"

#include <algorithm>
#include <utility>

#include "kv/assert.h"
#include "record/file_names.h"

namespace kv::wal {

namespace {

/// Gives the space back. The name stays: if the MANIFEST knows it already, as when a prepared
/// segment is made anew, recovery would miss it.
Status empty_after(const Status& failure, WritableFile& file, const std::string& path) {
    const Status emptied = file.truncate(0);
    if (emptied.is_ok()) return failure;
    return failure.with_context(path + " could not be emptied (" + emptied.to_string() + ")");
}

}  // namespace

SegmentWriter::SegmentWriter(std::unique_ptr<WritableFile> file, std::string path, uint64_t number,
                             uint64_t database_id, uint64_t capacity)
    : file_(std::move(file)),
      path_(std::move(path)),
      number_(number),
      database_id_(database_id),
      capacity_(capacity) {}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(FileSystem& fs, const std::string& dir,
                                                             uint64_t number, uint64_t database_id,
                                                             uint64_t capacity_bytes) {
    return make(fs, dir, log_segment_name(number), number, database_id, capacity_bytes);
}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create_beside(FileSystem& fs,
                                                                    const std::string& dir,
                                                                    uint64_t number,
                                                                    uint64_t database_id,
                                                                    uint64_t record_bytes) {
    return make(fs, dir, log_segment_temp_name(number), number, database_id,
                capacity_for(0, record_bytes));
}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::make(FileSystem& fs, const std::string& dir,
                                                           const std::string& name, uint64_t number,
                                                           uint64_t database_id,
                                                           uint64_t capacity_bytes) {
    KV_ASSERT(number > 0 && capacity_bytes > kSegmentHeaderBytes);
    std::string path = join_path(dir, name);
    KV_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs.create(path));
    Status made = file->preallocate(capacity_bytes);
    if (made.is_ok()) made = file->sync();
    if (made.is_ok()) made = fs.sync_dir(dir);
    if (!made.is_ok()) return empty_after(made, *file, path);
    return std::unique_ptr<SegmentWriter>(
        new SegmentWriter(std::move(file), std::move(path), number, database_id, capacity_bytes));
}

Status SegmentWriter::give_up(const Status& why) { return empty_after(why, *file_, path_); }

uint64_t SegmentWriter::capacity_for(uint64_t segment_bytes, uint64_t record_bytes) {
    return std::max(segment_bytes, kSegmentHeaderBytes + record_bytes);
}

uint64_t SegmentWriter::reserve(uint64_t record_bytes) {
    KV_ASSERT(record_bytes % kLogRecordAlignment == 0 && fits(record_bytes));
    const uint64_t offset = reserved_;
    reserved_ += record_bytes;
    return offset;
}

Status SegmentWriter::begin(const SegmentEnd& previous, uint64_t previous_unsynced) {
    KV_RETURN_IF_ERROR(write_header(previous, previous_unsynced));
    written_seqno_ = previous.last_seqno;
    written_ = kSegmentHeaderBytes;
    return Status::ok();
}

Status SegmentWriter::begin_with(const SegmentEnd& previous, Bytes records, Seqno last_seqno) {
    KV_ASSERT(records.size() % kLogRecordAlignment == 0 && last_seqno >= previous.last_seqno);
    KV_ASSERT(records.size() <= capacity_ - kSegmentHeaderBytes);
    if (!records.empty()) {
        write_failure_ = file_->write_at(kSegmentHeaderBytes, records);
        KV_RETURN_IF_ERROR(write_failure_);
    }
    KV_RETURN_IF_ERROR(write_header(previous, 0));
    written_seqno_ = last_seqno;
    written_ = kSegmentHeaderBytes + records.size();
    return Status::ok();
}

Status SegmentWriter::write_header(const SegmentEnd& previous, uint64_t previous_unsynced) {
    KV_ASSERT(written_ == 0 && previous.number + 1 == number_);
    KV_ASSERT(previous_unsynced <= previous.length && previous_unsynced <= UINT32_MAX);
    {
        std::lock_guard lock(sync_mutex_);
        synced_seqno_ = previous.last_seqno;
    }
    SegmentHeader header;
    header.database_id = database_id_;
    header.number = number_;
    header.previous = previous;
    header.previous_unsynced = static_cast<uint32_t>(previous_unsynced);
    char bytes[kSegmentHeaderBytes];
    encode_segment_header(header, bytes);
    write_failure_ = file_->write_at(0, Bytes(bytes, kSegmentHeaderBytes));
    return write_failure_;
}

Status SegmentWriter::write(Bytes records, Seqno last_seqno, bool sync_follows) {
    KV_RETURN_IF_ERROR(write_failure_);
    if (sync_failed_.load(std::memory_order_acquire)) [[unlikely]]
        return sync_failure();
    KV_ASSERT(written_ >= kSegmentHeaderBytes && !sealed_);
    KV_ASSERT(records.size() % kLogRecordAlignment == 0);
    KV_ASSERT(records.size() <= capacity_ - written_ && last_seqno >= written_seqno_);
    write_failure_ = sync_follows ? file_->write_at(written_, records) : append(records);
    KV_RETURN_IF_ERROR(write_failure_);
    written_ += records.size();
    written_seqno_ = last_seqno;
    return Status::ok();
}

Status SegmentWriter::append(Bytes records) {
    const bool is_small = records.size() <= kSmallZeroAheadBytes;
    if (is_small && zero_ahead(records.size(), kSmallZeroAheadBytes)) {
        return file_->rewrite_at(written_, records);
    }
    return file_->write_at(written_, records);
}

Status SegmentWriter::sync() {
    if (written_ == 0) return write_failure_;  // begin failed: there is nothing to make durable
    if (!sealed_) (void)zero_ahead(kZeroAheadBytes / 2, kZeroAheadBytes);
    return sync_until(written_end());
}

Status SegmentWriter::sync_until(const SegmentEnd& end) {
    std::lock_guard lock(sync_mutex_);
    return sync_locked(end);
}

/// Requires sync_mutex_.
Status SegmentWriter::sync_locked(const SegmentEnd& end) {
    KV_RETURN_IF_ERROR(sync_failure_);
    KV_RETURN_IF_ERROR(remember(file_->sync()));
    synced_seqno_ = std::max(synced_seqno_, end.last_seqno);
    const uint64_t before = synced_offset_.load(std::memory_order_relaxed);
    synced_offset_.store(std::max(before, end.length), std::memory_order_release);
    return Status::ok();
}

/// Requires sync_mutex_.
const Status& SegmentWriter::remember(Status status) {
    sync_failure_ = std::move(status);
    sync_failed_.store(!sync_failure_.is_ok(), std::memory_order_release);
    return sync_failure_;
}

Status SegmentWriter::sync_failure() const {
    std::lock_guard lock(sync_mutex_);
    return sync_failure_;
}

/// Sees to it that at least `wanted` bytes behind what was written have been written as zeros,
/// `step` or more at a time. False when they have not: a failure loses no more than speed, since
/// they are zeros anyway; what it means for the disk will show in the next write or sync.
bool SegmentWriter::zero_ahead(uint64_t wanted, uint64_t step) {
    const uint64_t needed = std::min(written_ + wanted, capacity_);
    if (needed <= zeroed_) return true;
    if (!can_zero_) return false;
    static const std::string zeros(kZeroAheadBytes, '\0');
    const uint64_t from = std::max(zeroed_, written_);
    const uint64_t to = std::min(std::max(from + step, needed), capacity_);
    can_zero_ = file_->write_at(from, Bytes(zeros).substr(0, to - from)).is_ok();
    if (can_zero_) zeroed_ = to;
    return can_zero_;
}

Result<SegmentEnd> SegmentWriter::seal() {
    if (written_ == 0) return write_failure_;
    std::lock_guard lock(sync_mutex_);
    KV_RETURN_IF_ERROR(sync_failure_);
    if (!sealed_.exchange(true, std::memory_order_relaxed)) {
        KV_RETURN_IF_ERROR(remember(file_->truncate(written_)));
        KV_RETURN_IF_ERROR(sync_locked(written_end()));
    }
    return written_end();
}

Status SegmentWriter::take_place(FileSystem& fs, const std::string& dir) {
    KV_ASSERT(synced_offset() == written_);
    std::string place = join_path(dir, log_segment_name(number_));
    KV_RETURN_IF_ERROR(fs.rename(path_, place));
    KV_RETURN_IF_ERROR(fs.sync_dir(dir));
    // Opened again, so that later errors name the file that there is.
    KV_ASSIGN_OR_RETURN(file_, fs.open_writable(place));
    path_ = std::move(place);
    return Status::ok();
}

SegmentEnd SegmentWriter::synced_end() const {
    std::lock_guard lock(sync_mutex_);
    return {number_, synced_offset_.load(std::memory_order_relaxed), synced_seqno_};
}

}  // namespace kv::wal
