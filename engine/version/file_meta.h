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
#include "sstable/table_options.h"

namespace kv {

struct FileMeta {
    uint64_t number = 0;      ///< Never 0. Names the file: table_file_name(number).
    uint64_t size_bytes = 0;  ///< Exact file size; a different one at open is corruption.
    uint64_t checksum = 0;    ///< As the table's writer reports it (sstable_format.md).
    std::string smallest;     ///< First internal key in the table.
    std::string largest;      ///< Last internal key in the table.
    Seqno smallest_seqno = 0;
    Seqno largest_seqno = 0;
    uint64_t entries = 0;  ///< Tombstones included.
    uint64_t tombstones = 0;
    uint64_t earliest_expiry_ms = 0;  ///< 0: no entry expires.
    TableReason reason = TableReason::kFlush;

    Bytes smallest_user_key() const { return user_key_of(smallest); }
    Bytes largest_user_key() const { return user_key_of(largest); }
    /// Whether [smallest, largest] meets the other's, by user key.
    bool overlaps(const FileMeta& other) const {
        return smallest_user_key() <= other.largest_user_key() &&
               other.smallest_user_key() <= largest_user_key();
    }
    bool operator==(const FileMeta&) const = default;
};
using FileMetaPtr = std::shared_ptr<const FileMeta>;

/// Ok when the fields agree with each other (keys long enough and in order, seqnos within 1..max,
/// counts possible), else kCorruption naming table and field.
Status check_file_meta(const FileMeta& meta);

}  // namespace kv
