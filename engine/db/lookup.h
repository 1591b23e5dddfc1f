// Lookup: the search for the newest version of one key in a view, memtables first, then tables from
// the newest to the oldest.
// Thread rule: any thread; the answer lives as long as the view that was searched, and as the room
// for a row if there was one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cache/row_cache.h"
#include "db/read_time.h"
#include "db/read_view.h"
#include "db/table_cache.h"
#include "kv/db.h"
#include "sstable/table_reader.h"

namespace kv::db {

class LookupTrace;

/// What was found: the newest version with seqno at or below the one asked for.
struct Found {
    bool any = false;   ///< A version exists, a tombstone or a range delete over the key included.
    bool live = false;  ///< It is a put that has neither expired nor been deleted by range.
    bool by_range = false;  ///< It is a range delete over the key.
    Seqno seqno = 0;
    Bytes value;  ///< The user's bytes; empty unless live.
    uint64_t expiry_ms = 0;
    TableGet table;  ///< Pins `value` when it came from a table; counts what the search cost.
};

/// What Db::get_head answers when that was found.
inline std::optional<EntryHead> head_of(const Found& found) {
    if (!found.live) return std::nullopt;
    return EntryHead{found.value.size(), found.seqno, found.expiry_ms};
}

/// For look-ups that may be answered by a row: the cache, and room for one, which then holds the
/// value that was found.
struct RowAccess {
    explicit RowAccess(RowCache& row_cache) : cache(row_cache) {}

    RowCache& cache;
    RowCache::Row row;  // nothing in it before it is filled
};

/// kWouldBlock (cache_only), kCorruption, kIoError. `rows`, if not null, may answer in place of
/// tables; `trace`, if not null, hears of every source, and comes without rows.
Status lookup(const ReadView& view, TableCache& tables, Bytes key, Seqno seqno, const ReadTime& now,
              const ReadMode& mode, Found& found, RowAccess* rows = nullptr,
              LookupTrace* trace = nullptr);

/// The last user key in the view, or a bound behind it; empty when there is none.
Bytes largest_user_key(const ReadView& view);

}  // namespace kv::db
