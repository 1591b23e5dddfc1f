// Framing of log records: record/log_record.h.
// SPDX-License-Identifier: Apache-2.0
#include "record/log_record.h"

#include "base/coding.h"
#include "base/hash.h"
#include "kv/assert.h"

namespace kv {

namespace {

// The checksum covers everything after itself but the padding.
constexpr size_t kChecksummedFrom = kLogLengthOffset;

bool all_zero(const char* p, size_t length) {
    for (size_t i = 0; i < length; ++i) {
        if (p[i] != 0) return false;
    }
    return true;
}

}  // namespace

size_t begin_log_record(std::string& out) {
    const size_t start = out.size();
    out.append(kLogRecordHeaderBytes, '\0');
    return start;
}

void finish_log_record(std::string& out, size_t start, uint64_t offset,
                       const LogRecordFields& fields) {
    KV_ASSERT(offset % kLogRecordAlignment == 0 && fields.synced_offset <= offset);
    const size_t covered = out.size() - start;
    const size_t payload_bytes = covered - kLogRecordHeaderBytes;
    KV_ASSERT(payload_bytes <= kMaxLogPayloadBytes);
    char* header = out.data() + start;
    store_fixed32(header + kLogLengthOffset, static_cast<uint32_t>(payload_bytes));
    header[kLogTypeOffset] = static_cast<char>(fields.type);
    store_fixed64(header + kLogSegmentOffset, fields.segment);
    store_fixed64(header + kLogSyncedOffset, fields.synced_offset);
    store_fixed64(header + kLogEpochOffset, fields.epoch);
    store_fixed64(header + kLogFirstSeqnoOffset, fields.first_seqno);
    store_fixed64(header + kLogChecksumOffset,
                  hash64(Bytes(header + kChecksummedFrom, covered - kChecksummedFrom),
                         place_salt(fields.segment, offset)));
    out.append(log_record_size(payload_bytes) - covered, '\0');
}

void append_log_record(std::string& out, uint64_t offset, const LogRecord& record) {
    const size_t start = begin_log_record(out);
    out.append(record.payload);
    finish_log_record(out, start, offset, record);
}

bool log_header_is_plausible(const char* header, uint64_t segment, uint64_t offset,
                             uint64_t file_end, uint32_t& payload_bytes) {
    if (load_fixed64(header + kLogSegmentOffset) != segment) return false;
    if (!all_zero(header + kLogTypeOffset + 1, 3)) return false;
    if (load_fixed64(header + kLogSyncedOffset) > offset) return false;
    payload_bytes = load_fixed32(header + kLogLengthOffset);
    return payload_bytes <= kMaxLogPayloadBytes && offset <= file_end &&
           log_record_size(payload_bytes) <= file_end - offset;
}

bool parse_log_record(Bytes bytes, uint64_t offset, LogRecord& record) {
    const char* header = bytes.data();
    const size_t payload_bytes = load_fixed32(header + kLogLengthOffset);
    const size_t covered = kLogRecordHeaderBytes + payload_bytes;
    record.segment = load_fixed64(header + kLogSegmentOffset);
    if (load_fixed64(header + kLogChecksumOffset) !=
        hash64(bytes.substr(kChecksummedFrom, covered - kChecksummedFrom),
               place_salt(record.segment, offset))) {
        return false;
    }
    if (!all_zero(header + covered, bytes.size() - covered)) return false;
    record.type = static_cast<LogRecordType>(header[kLogTypeOffset]);
    record.synced_offset = load_fixed64(header + kLogSyncedOffset);
    record.epoch = load_fixed64(header + kLogEpochOffset);
    record.first_seqno = load_fixed64(header + kLogFirstSeqnoOffset);
    record.payload = bytes.substr(kLogRecordHeaderBytes, payload_bytes);
    return true;
}

}  // namespace kv
