// Encoding of segment headers: wal/segment_format.h.
// SPDX-License-Identifier: Apache-2.0
#include "wal/segment_format.h"

#include <algorithm>
#include <cstring>

#include "base/coding.h"
#include "base/hash.h"

namespace kv::wal {

void encode_segment_header(const SegmentHeader& header, char* out) {
    std::memset(out, 0, kSegmentHeaderBytes);
    std::memcpy(out, kSegmentMagic, sizeof kSegmentMagic);
    store_fixed32(out + kSegmentVersionOffset, header.version);
    store_fixed32(out + kSegmentPreviousUnsyncedOffset, header.previous_unsynced);
    store_fixed64(out + kSegmentDatabaseIdOffset, header.database_id);
    store_fixed64(out + kSegmentNumberOffset, header.number);
    store_fixed64(out + kSegmentPreviousNumberOffset, header.previous.number);
    store_fixed64(out + kSegmentPreviousLengthOffset, header.previous.length);
    store_fixed64(out + kSegmentPreviousSeqnoOffset, header.previous.last_seqno);
    store_fixed64(out + kSegmentChecksumOffset,
                  hash64(Bytes(out, kSegmentChecksumOffset), place_salt(header.number, 0)));
}

HeaderState decode_segment_header(Bytes bytes, uint64_t number, SegmentHeader& header) {
    bytes = bytes.substr(0, kSegmentHeaderBytes);
    if (std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; })) {
        return HeaderState::kZero;
    }
    if (bytes.size() < kSegmentHeaderBytes) return HeaderState::kDamaged;
    const char* p = bytes.data();
    if (std::memcmp(p, kSegmentMagic, sizeof kSegmentMagic) != 0 ||
        load_fixed64(p + kSegmentChecksumOffset) !=
            hash64(bytes.substr(0, kSegmentChecksumOffset), place_salt(number, 0))) {
        return HeaderState::kDamaged;
    }
    header.version = load_fixed32(p + kSegmentVersionOffset);
    header.previous_unsynced = load_fixed32(p + kSegmentPreviousUnsyncedOffset);
    header.database_id = load_fixed64(p + kSegmentDatabaseIdOffset);
    header.number = load_fixed64(p + kSegmentNumberOffset);
    header.previous.number = load_fixed64(p + kSegmentPreviousNumberOffset);
    header.previous.length = load_fixed64(p + kSegmentPreviousLengthOffset);
    header.previous.last_seqno = load_fixed64(p + kSegmentPreviousSeqnoOffset);
    return HeaderState::kValid;
}

}  // namespace kv::wal
