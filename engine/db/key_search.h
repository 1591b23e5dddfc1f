// KeySearch: what the sources of a view, asked from the newest to the oldest, say about one key.
// All of an older source is older than any range delete over the key in a newer one, so the search
// ends at the first source that has either an entry or a range delete. TableOrder
// (db/table_order.h) says which tables to ask. Callers: the look-up of one key (lookup) and of many
// (multi_lookup). Thread rule: one thread at a time; the view, the key and the time must outlive
// it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/hash.h"
#include "db/lookup.h"

namespace kv::db {

class KeySearch {
  public:
    KeySearch(Bytes key, Seqno seqno, const ReadTime& now)
        : key_(key),
          hash_(hash64(key)),
          memtable_hash_(Memtable::hash_of(key)),
          seqno_(seqno),
          now_(&now) {}

    Bytes key() const { return key_; }
    /// hash64 of it.
    uint64_t hash() const { return hash_; }
    uint64_t memtable_hash() const { return memtable_hash_; }
    Seqno seqno() const { return seqno_; }

    /// Both: true when the search is over; `found` and `status` then hold the answer.
    bool ask(const Memtable& memtable, Found& found, Status& status) const {
        const Seqno covered = memtable.covering_seqno(key_, seqno_);
        const auto entry = memtable.get(key_, memtable_hash_, seqno_);
        if (entry && entry->seqno > covered) {
            status = judge(entry->kind, entry->seqno, entry->value, found);
            return true;
        }
        return covered != 0 && judge_covered(covered, found);
    }
    /// After the point read of `table` for this key, whose answer is in found.table.
    bool weigh(const TableReader& table, Found& found, Status& status) const {
        const RangeTombstoneSetPtr& ranges = table.range_tombstones();
        const Seqno covered = ranges == nullptr ? 0 : ranges->covering(key_, seqno_);
        const TableGet& got = found.table;
        if (got.found && got.seqno > covered) {
            status = judge(got.kind, got.seqno, got.value, found);
            return true;
        }
        return covered != 0 && judge_covered(covered, found);
    }

    /// The same of a row that was found in tables before.
    void accept(const RowCache::Row& row, Found& found) const;

  private:
    /// The newest version there is.
    Status judge(Kind kind, Seqno seqno, Bytes internal_value, Found& found) const;
    /// A range delete of seqno `covered` is the newest there is.
    static bool judge_covered(Seqno covered, Found& found);

    Bytes key_;
    uint64_t hash_;
    uint64_t memtable_hash_;
    Seqno seqno_;
    const ReadTime* now_;
};

/// The reader of a table, opened on first use and kept by its slot. kWouldBlock when that would
/// need the disk and `mode` forbids it.
inline Status open_table(TableSlot& slot, TableCache& tables, const ReadMode& mode,
                         const TableReader*& reader) {
    reader = slot.reader();
    if (reader != nullptr) [[likely]]
        return Status::ok();
    if (mode.cache_only) return {Code::kWouldBlock, "a table is not open yet"};
    KV_ASSIGN_OR_RETURN(const auto opened, tables.open(slot));
    reader = opened.get();
    return Status::ok();
}

}  // namespace kv::db
