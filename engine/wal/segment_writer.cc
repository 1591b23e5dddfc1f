// Writing one log segment: wal/segment_writer.h.
// SPDX-License-Identifier: Apache-2.0
#include "wal/segment_writer.h"

#include <algorithm>

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
    KV_ASSERT(number > 0 && capacity_bytes > kSegmentHeaderBytes);
    std::string path = join_path(dir, log_segment_name(number));
    KV_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs.create(path));
    Status made = file->preallocate(capacity_bytes);
    if (made.is_ok()) made = file->sync();
    if (made.is_ok()) made = fs.sync_dir(dir);
    if (!made.is_ok()) return empty_after(made, *file, path);
    return std::unique_ptr<SegmentWriter>(
        new SegmentWriter(std::move(file), std::move(path), number, database_id, capacity_bytes));
}

uint64_t SegmentWriter::capacity_for(uint64_t segment_bytes, uint64_t record_bytes) {
    return std::max(segment_bytes, kSegmentHeaderBytes + record_bytes);
}

uint64_t SegmentWriter::reserve(uint64_t record_bytes) {
    KV_ASSERT(record_bytes % kLogRecordAlignment == 0 && fits(record_bytes));
    const uint64_t offset = reserved_;
    reserved_ += record_bytes;
    return offset;
}

Status SegmentWriter::begin(const SegmentEnd& previous) {
    KV_ASSERT(written_ == 0 && previous.number + 1 == number_);
    written_seqno_ = synced_seqno_ = previous.last_seqno;
    SegmentHeader header;
    header.database_id = database_id_;
    header.number = number_;
    header.previous = previous;
    char bytes[kSegmentHeaderBytes];
    encode_segment_header(header, bytes);
    write_failure_ = file_->write_at(0, Bytes(bytes, kSegmentHeaderBytes));
    KV_RETURN_IF_ERROR(write_failure_);
    written_ = kSegmentHeaderBytes;
    return Status::ok();
}

Status SegmentWriter::write(Bytes records, Seqno last_seqno) {
    KV_RETURN_IF_ERROR(sync_failure_);
    KV_RETURN_IF_ERROR(write_failure_);
    KV_ASSERT(written_ >= kSegmentHeaderBytes && !sealed_);
    KV_ASSERT(records.size() % kLogRecordAlignment == 0);
    KV_ASSERT(records.size() <= capacity_ - written_ && last_seqno >= written_seqno_);
    write_failure_ = file_->write_at(written_, records);
    KV_RETURN_IF_ERROR(write_failure_);
    written_ += records.size();
    written_seqno_ = last_seqno;
    return Status::ok();
}

Status SegmentWriter::sync() {
    KV_RETURN_IF_ERROR(sync_failure_);
    if (written_ == 0) return write_failure_;  // begin failed: there is nothing to make durable
    if (!sealed_) zero_ahead();
    sync_failure_ = file_->sync();
    KV_RETURN_IF_ERROR(sync_failure_);
    synced_seqno_ = written_seqno_;
    synced_offset_.store(written_, std::memory_order_release);
    return Status::ok();
}

void SegmentWriter::zero_ahead() {
    if (written_ + kZeroAheadBytes / 2 <= zeroed_ || zeroed_ == capacity_) return;
    static const std::string zeros(kZeroAheadBytes, '\0');
    const uint64_t from = std::max(zeroed_, written_);
    const uint64_t to = std::min(from + kZeroAheadBytes, capacity_);
    const Status made = file_->write_at(from, Bytes(zeros.data(), to - from));
    // These bytes are zeros already, so a failure loses no more than speed; what it means for the
    // disk will show in the sync.
    zeroed_ = made.is_ok() ? to : capacity_;
}

Result<SegmentEnd> SegmentWriter::seal() {
    KV_RETURN_IF_ERROR(sync_failure_);
    if (written_ == 0) return write_failure_;
    sealed_ = true;
    sync_failure_ = file_->truncate(written_);
    KV_RETURN_IF_ERROR(sync());
    return synced_end();
}

SegmentEnd SegmentWriter::synced_end() const {
    return {number_, synced_offset_.load(std::memory_order_relaxed), synced_seqno_};
}

}  // namespace kv::wal
