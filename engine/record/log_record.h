// Log records: the framing that log segments and MANIFESTs share (engine/docs/wal_format.md).
//
// A record is a 48-byte header, the payload, and zeros up to a multiple of 8. The checksum is
// salted with the segment number and the record's offset, so stale and misplaced bytes never pass;
// synced_offset is how far the file was known durable when the record was written, which is what
// tells damage from a torn tail. Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/bytes.h"
#include "kv/types.h"

namespace kv {

enum class LogRecordType : uint8_t {  // stored on disk, never renumber
    kCommitGroup = 1,
    kTruncateTo = 2,  // reserved for replication
    kMembership = 3,  // reserved for replication
    kVersionEdit = 4,
};

inline constexpr size_t kLogRecordHeaderBytes = 48;
inline constexpr size_t kLogRecordAlignment = 8;
/// A length above this is damage, not a record.
inline constexpr uint32_t kMaxLogPayloadBytes = 256U << 20;
/// The epoch of a store that is not part of a cluster.
inline constexpr uint64_t kSingleNodeEpoch = 1;

// Offsets within the header. Stored on disk, never renumber.
inline constexpr size_t kLogChecksumOffset = 0;
inline constexpr size_t kLogLengthOffset = 8;
inline constexpr size_t kLogTypeOffset = 12;
inline constexpr size_t kLogSegmentOffset = 16;
inline constexpr size_t kLogSyncedOffset = 24;
inline constexpr size_t kLogEpochOffset = 32;
inline constexpr size_t kLogFirstSeqnoOffset = 40;
static_assert(kLogFirstSeqnoOffset + 8 == kLogRecordHeaderBytes);
static_assert(kLogRecordHeaderBytes % kLogRecordAlignment == 0);
static_assert(kMaxLogPayloadBytes >= 2 * kMaxBatchBytes, "any batch fits one record");

/// What a header says, apart from checksum and length.
struct LogRecordFields {
    LogRecordType type = LogRecordType::kCommitGroup;
    uint64_t segment = 0;
    uint64_t synced_offset = 0;
    uint64_t epoch = kSingleNodeEpoch;
    Seqno first_seqno = 0;
};

struct LogRecord : LogRecordFields {
    Bytes payload;
};

/// Bytes a record takes on disk, padding included.
constexpr size_t log_record_size(size_t payload_bytes) {
    return (kLogRecordHeaderBytes + payload_bytes + kLogRecordAlignment - 1) &
           ~(kLogRecordAlignment - 1);
}

/// Appends the record that is to stand at `offset` of its file.
void append_log_record(std::string& out, uint64_t offset, const LogRecord& record);

/// The same without a copy of the payload: begin, append the payload to `out`, finish. Returns
/// where in `out` the record starts; pass it to finish.
size_t begin_log_record(std::string& out);
/// `offset` is where the record will stand in its file, a multiple of 8.
void finish_log_record(std::string& out, size_t start, uint64_t offset,
                       const LogRecordFields& fields);

/// True when the header bytes alone could belong to a record of `segment` at `offset` of a file
/// that ends at `file_end`; sets the payload length. The checksum is not looked at.
bool log_header_is_plausible(const char* header, uint64_t segment, uint64_t offset,
                             uint64_t file_end, uint32_t& payload_bytes);

/// Checks checksum and padding of a whole record of log_record_size(payload) bytes whose header is
/// plausible, and takes it apart. False when it does not verify. The payload is a view of `bytes`.
bool parse_log_record(Bytes bytes, uint64_t offset, LogRecord& record);

}  // namespace kv
