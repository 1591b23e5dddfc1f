// FileMeta: what the MANIFEST says about one table. Immutable once a Version holds it; shared by
// all Versions that do, through FileRegistry, which learns when the last one lets go.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kv/bytes.h"
#include "kv/status.h"
#include "kv/types.h"
#include "record/internal_key.h"
#include "record/range_tombstones.h"
#include "sstable/table_options.h"

namespace kv {

struct FileMeta {
    uint64_t number = 0;      ///< Never 0. Names the file: table_file_name(number).
    uint64_t size_bytes = 0;  ///< Exact file size; a different one at open is corruption.
    uint64_t checksum = 0;    ///< As the table's writer reports it (sstable_format.md).
    std::string smallest;     ///< First internal key in the table.
    /// Last internal key in the table, or the exclusive bound behind its last range tombstone
    /// (record/range_tombstones.h): see largest_is_exclusive().
    std::string largest;
    Seqno smallest_seqno = 0;
    Seqno largest_seqno = 0;
    uint64_t entries = 0;  ///< Tombstones included, range tombstones not.
    uint64_t tombstones = 0;
    uint64_t earliest_expiry_ms = 0;  ///< 0: no entry expires.
    uint64_t latest_expiry_ms = 0;    ///< 0: no entry expires, or it was not counted.
    uint64_t expiring = 0;            ///< Entries that expire; 0: none, or not counted.
    uint64_t range_tombstones = 0;
    TableReason reason = TableReason::kFlush;

    Bytes smallest_user_key() const { return user_key_of(smallest); }
    Bytes largest_user_key() const { return user_key_of(largest); }
    /// Nothing of largest_user_key() itself is in the table: its range ends just before. Two
    /// neighbours in a level may touch there.
    bool largest_is_exclusive() const { return is_exclusive_bound(largest); }
    /// Whether all of the table lies below `user_key`.
    bool ends_before(Bytes user_key) const {
        const int order = largest_user_key().compare(user_key);
        return order < 0 || (order == 0 && largest_is_exclusive());
    }
    /// Whether the ranges share a user key.
    bool overlaps(const FileMeta& other) const {
        return !ends_before(other.smallest_user_key()) && !other.ends_before(smallest_user_key());
    }
    bool operator==(const FileMeta&) const = default;
};
using FileMetaPtr = std::shared_ptr<const FileMeta>;

/// Ok when the fields agree with each other (keys long enough and in order, seqnos within 1..max,
/// counts possible), else kCorruption naming table and field.
Status check_file_meta(const FileMeta& meta);

}  // namespace kv
