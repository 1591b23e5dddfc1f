// Reading a log and judging its end: record/log_record_reader.h.
// SPDX-License-Identifier: Apache-2.0
#include "record/log_record_reader.h"

#include <algorithm>
#include <cstring>

#include "base/coding.h"
#include "kv/assert.h"
#include "record/damage_advice.h"

namespace kv {

namespace {

constexpr size_t kBufferBytes = 256U << 10;
// Enough of a header to judge it without its record.
constexpr size_t kOverlap = kLogRecordHeaderBytes;

/// Fast, because where a file system cannot tell what was written, every open looks at 64 MiB of
/// them in a fresh segment.
bool all_zero(const char* p, size_t length) {
    return length == 0 || (p[0] == 0 && std::memcmp(p, p + 1, length - 1) == 0);
}

/// Reads exactly [offset, offset + length) or fails: the caller knows that the file is that long.
Status read_exactly(const RandomAccessFile& file, uint64_t offset, size_t length, char* out) {
    KV_ASSIGN_OR_RETURN(const size_t got, file.read_at(offset, length, out));
    if (got == length) return Status::ok();
    return Status::io_error("read of " + std::to_string(length) + " bytes at offset " +
                            std::to_string(offset) + " gave " + std::to_string(got) +
                            ": the file shrank while it was being read");
}

/// What looks like a record may be a value that was written to look like many. All real records
/// together are no longer than the file; this many times that is verified before it is enough.
constexpr uint64_t kMostVerifiedTimes = 16;

/// Whether a whole valid record stands at `offset`, whose plausible header was just seen.
Result<bool> record_verifies(const RandomAccessFile& file, uint64_t offset, uint32_t payload_bytes,
                             LogRecordFields& fields) {
    std::string bytes(log_record_size(payload_bytes), '\0');
    KV_RETURN_IF_ERROR(read_exactly(file, offset, bytes.size(), bytes.data()));
    LogRecord record;
    if (!parse_log_record(bytes, offset, record)) return false;
    fields = record;
    return true;
}

}  // namespace

Result<LogEvidence> find_log_evidence(const RandomAccessFile& file, uint64_t segment,
                                      uint64_t bad_offset, uint64_t from, uint64_t file_end) {
    LogEvidence evidence;
    evidence.nonzero_end = from;
    // Most of a segment is reserved before it is written. A record may end in zeros behind this,
    // but none can begin there.
    KV_ASSIGN_OR_RETURN(const uint64_t written_end, file.written_end());
    const uint64_t scan_end = std::min(file_end, written_end);
    std::string window(kBufferBytes, '\0');
    uint64_t verified_bytes = 0;
    for (uint64_t base = from; base < scan_end; base += kBufferBytes - kOverlap) {
        const size_t length =
            static_cast<size_t>(std::min<uint64_t>(kBufferBytes, file_end - base));
        KV_RETURN_IF_ERROR(read_exactly(file, base, length, window.data()));
        if (all_zero(window.data(), length)) continue;
        const size_t last = window.find_last_not_of('\0', length - 1);
        evidence.nonzero_end = std::max(evidence.nonzero_end, base + last + 1);
        for (size_t i = 0; i + kLogRecordHeaderBytes <= length; i += kLogRecordAlignment) {
            const char* header = window.data() + i;
            uint32_t payload_bytes;
            if (load_fixed64(header + kLogSyncedOffset) <= bad_offset) continue;
            if (!log_header_is_plausible(header, segment, base + i, file_end, payload_bytes)) {
                continue;
            }
            verified_bytes += log_record_size(payload_bytes);
            if (verified_bytes / kMostVerifiedTimes > file_end) {
                return Status::corruption(
                    "what is behind the damage at offset " + std::to_string(bad_offset) +
                    " holds too much that looks like records of the log to tell whether any is" +
                    kStoreAdvice);
            }
            KV_ASSIGN_OR_RETURN(const bool valid,
                                record_verifies(file, base + i, payload_bytes, evidence.record));
            if (!valid) continue;
            evidence.found = true;
            evidence.offset = base + i;
            return evidence;
        }
    }
    return evidence;
}

LogRecordReader::LogRecordReader(std::shared_ptr<RandomAccessFile> file, LogReaderOptions options)
    : file_(std::move(file)), options_(std::move(options)), offset_(options_.start_offset) {
    KV_ASSERT(offset_ % kLogRecordAlignment == 0);
}

Status LogRecordReader::start() {
    started_ = true;
    KV_ASSIGN_OR_RETURN(file_end_, file_->size());
    if (!options_.end_limit) return Status::ok();
    if (!options_.end_is_proven) {
        file_end_ = std::min(file_end_, *options_.end_limit);
        return Status::ok();
    }
    if (file_end_ < *options_.end_limit) {
        return Status::corruption(options_.path + ": is " + std::to_string(file_end_) +
                                  " bytes long where the log goes on to offset " +
                                  std::to_string(*options_.end_limit) +
                                  " according to the next segment" + kStoreAdvice);
    }
    file_end_ = *options_.end_limit;
    return Status::ok();
}

Status LogRecordReader::fill(uint64_t offset, size_t length, Bytes& bytes) {
    if (offset < buffer_offset_ || offset + length > buffer_offset_ + buffer_.size()) {
        const uint64_t wanted = std::max<uint64_t>(length, kBufferBytes);
        buffer_.resize(static_cast<size_t>(std::min(wanted, file_end_ - offset)));
        buffer_offset_ = offset;
        const Status read = read_exactly(*file_, offset, buffer_.size(), buffer_.data());
        if (!read.is_ok()) {
            buffer_.clear();
            return read.with_context(options_.path);
        }
    }
    bytes = Bytes(buffer_).substr(static_cast<size_t>(offset - buffer_offset_), length);
    return Status::ok();
}

Result<bool> LogRecordReader::next(LogRecord& record) {
    if (!started_) KV_RETURN_IF_ERROR(start());
    if (offset_ > file_end_ || file_end_ - offset_ < kLogRecordHeaderBytes) return end_at(offset_);
    Bytes bytes;
    uint32_t payload_bytes;
    KV_RETURN_IF_ERROR(fill(offset_, kLogRecordHeaderBytes, bytes));
    if (!log_header_is_plausible(bytes.data(), options_.segment, offset_, file_end_,
                                 payload_bytes)) {
        return end_at(offset_);
    }
    const size_t size = log_record_size(payload_bytes);
    KV_RETURN_IF_ERROR(fill(offset_, size, bytes));
    if (!parse_log_record(bytes, offset_, record)) return end_at(offset_);
    record_offset_ = offset_;
    offset_ += size;
    return true;
}

Result<bool> LogRecordReader::end_at(uint64_t offset) {
    end_ = {};
    end_.offset = offset;
    if (options_.end_limit && options_.end_is_proven) {
        if (offset == file_end_) return false;
        return Status::corruption(options_.path + ": no valid record at offset " +
                                  std::to_string(offset) + ", but the log goes on to offset " +
                                  std::to_string(file_end_) +
                                  " according to the next segment; the mutations after seqno " +
                                  std::to_string(last_seqno_) + " are damaged" + kStoreAdvice);
    }
    if (offset >= file_end_) return false;
    Result<LogEvidence> evidence =
        find_log_evidence(*file_, options_.segment, offset, offset, file_end_);
    if (!evidence.is_ok()) return evidence.status().with_context(options_.path);
    if (evidence->found) return damaged(evidence->offset, evidence->record);
    end_.bytes_dropped = evidence->nonzero_end - offset;
    end_.torn = end_.bytes_dropped > 0;
    return false;
}

Status LogRecordReader::damaged(uint64_t found_at, const LogRecordFields& found) const {
    std::string message = options_.path + ": damaged record at offset " + std::to_string(offset_) +
                          "; it was durable once, because the valid record at offset " +
                          std::to_string(found_at) + " was written after a sync up to offset " +
                          std::to_string(found.synced_offset);
    if (found.type == LogRecordType::kCommitGroup) {
        message += "; at stake are the mutations after seqno " + std::to_string(last_seqno_) +
                   " and before seqno " + std::to_string(found.first_seqno);
    }
    return Status::corruption(message + kStoreAdvice);
}

}  // namespace kv
