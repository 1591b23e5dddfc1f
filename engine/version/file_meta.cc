// Checks on table metadata: version/file_meta.h.
// SPDX-License-Identifier: Apache-2.0
#include "version/file_meta.h"

namespace kv {

namespace {

bool is_bound(Bytes key) {
    if (key.size() <= kTrailerBytes) return false;
    const auto kind = static_cast<uint8_t>(trailer_kind(trailer_of(key)));
    return is_known_kind(kind) || kind == static_cast<uint8_t>(Kind::kRangeDelete);
}

bool seqno_in_range(const FileMeta& meta, Bytes internal_key) {
    const Seqno seqno = trailer_seqno(trailer_of(internal_key));
    return seqno >= meta.smallest_seqno && seqno <= meta.largest_seqno;
}

const char* find_bound_fault(const FileMeta& meta) {
    if (!is_bound(meta.smallest)) return "smallest key is not an internal key";
    const bool exclusive = meta.largest.size() > kTrailerBytes && meta.largest_is_exclusive();
    if (!exclusive && !is_bound(meta.largest)) return "largest key is not an internal key";
    if (exclusive && meta.range_tombstones == 0) {
        return "it ends before its largest key, but has no range tombstone";
    }
    if (compare_internal_keys(meta.smallest, meta.largest) > 0) return "keys out of order";
    if (exclusive && meta.smallest_user_key() == meta.largest_user_key()) return "an empty range";
    if (!seqno_in_range(meta, meta.smallest) ||
        (!exclusive && !seqno_in_range(meta, meta.largest))) {
        return "a boundary key's seqno is outside the seqno range";
    }
    return nullptr;
}

const char* find_fault(const FileMeta& meta) {
    if (meta.number == 0) return "number 0";
    if (meta.smallest_seqno == 0) return "seqno 0";
    if (meta.smallest_seqno > meta.largest_seqno) return "seqnos out of order";
    if (meta.largest_seqno > kMaxSeqno) return "seqno beyond 56 bits";
    if (const char* fault = find_bound_fault(meta)) return fault;
    if (meta.entries == 0 && meta.range_tombstones == 0) return "no entries";
    if (meta.tombstones > meta.entries) return "more tombstones than entries";
    if (meta.expiring > meta.entries) return "more expiring entries than entries";
    return nullptr;
}

}  // namespace

Status check_file_meta(const FileMeta& meta) {
    const char* fault = find_fault(meta);
    if (fault == nullptr) return Status::ok();
    return Status::corruption("metadata of table " + std::to_string(meta.number) + ": " + fault);
}

}  // namespace kv
