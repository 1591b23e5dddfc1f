// The 64-byte header of a log segment (engine/docs/wal_format.md). Each header vouches for the end
// of the segment before it, so a missing or shortened segment shows; a header that was written
// before that end was durable says so. Constants stored on disk, never renumber.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kv/bytes.h"
#include "kv/types.h"
#include "record/log_record.h"

namespace kv::wal {

inline constexpr char kSegmentMagic[8] = {'k', 'v', 'd', ' ', 'w', 'a', 'l', '\n'};
inline constexpr uint32_t kSegmentFormatVersion = 2;

inline constexpr size_t kSegmentVersionOffset = 8;
inline constexpr size_t kSegmentPreviousUnsyncedOffset = 12;  // zero in version 1
inline constexpr size_t kSegmentDatabaseIdOffset = 16;
inline constexpr size_t kSegmentNumberOffset = 24;
inline constexpr size_t kSegmentPreviousNumberOffset = 32;
inline constexpr size_t kSegmentPreviousLengthOffset = 40;
inline constexpr size_t kSegmentPreviousSeqnoOffset = 48;
inline constexpr size_t kSegmentChecksumOffset = 56;  // same place in every future version
inline constexpr size_t kSegmentHeaderBytes = 64;
static_assert(kSegmentChecksumOffset + 8 == kSegmentHeaderBytes);
static_assert(kSegmentHeaderBytes % kLogRecordAlignment == 0, "records start aligned");

/// How far a segment counts: what the next segment's header says about it. Number 0: no segment.
struct SegmentEnd {
    uint64_t number = 0;
    uint64_t length = 0;   ///< Final length in bytes, header included.
    Seqno last_seqno = 0;  ///< Of the last record in this or an earlier segment.

    bool operator==(const SegmentEnd&) const = default;
};

struct SegmentHeader {
    uint32_t version = kSegmentFormatVersion;
    uint64_t database_id = 0;
    uint64_t number = 0;
    SegmentEnd previous;
    /// Bytes at the end of `previous` that were not known durable when this header was written.
    /// While they are not, nothing in this segment is said to be durable either.
    uint32_t previous_unsynced = 0;

    uint64_t previous_durable_length() const { return previous.length - previous_unsynced; }
};

/// Writes kSegmentHeaderBytes to `out`.
void encode_segment_header(const SegmentHeader& header, char* out);

enum class HeaderState : uint8_t {
    kValid,
    kZero,     ///< Never written.
    kDamaged,  ///< Written in part, or damaged since.
};
/// Looks at magic and checksum only; the caller judges version, ids and chain. `bytes` may be
/// short.
HeaderState decode_segment_header(Bytes bytes, uint64_t number, SegmentHeader& header);

}  // namespace kv::wal
