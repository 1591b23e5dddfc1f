// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/lookup.h"

#include <algorithm>

#include "base/coding.h"
#include "base/hash.h"
#include "db/lookup_trace.h"
#include "record/internal_key.h"

namespace kv::db {

namespace {

Status judge(Kind kind, Seqno seqno, Bytes internal_value, uint64_t now_ms, Found& found) {
    found.any = true;
    found.seqno = seqno;
    if (kind == Kind::kPut) {
        found.live = true;
        found.value = internal_value;
    } else if (kind == Kind::kPutWithExpiry) {
        if (internal_value.size() < kExpiryBytes) {
            return Status::corruption("an entry with expiry at seqno " + std::to_string(seqno) +
                                      " has " + std::to_string(internal_value.size()) +
                                      " bytes, needs at least 8");
        }
        found.expiry_ms = load_fixed64(internal_value.data());
        found.live = found.expiry_ms > now_ms;
        if (found.live) found.value = internal_value.substr(kExpiryBytes);
    }
    return Status::ok();
}

/// Sources are asked from the newest to the oldest, and all of an older source is older than any
/// range delete over the key in a newer one. So the search ends at the first source that has
/// either.
class Search {
  public:
    Search(Bytes key, Seqno seqno, uint64_t now_ms, const ReadMode& mode, TableCache& tables,
           Found& found, LookupTrace* trace)
        : key_(key),
          seqno_(seqno),
          now_ms_(now_ms),
          mode_(mode),
          tables_(tables),
          found_(found),
          trace_(trace) {
        if (trace_ != nullptr) trace_->begin();
    }

    /// True when the search is over; the answer is in `status` then.
    bool ask(const Memtable& memtable, Status& status) {
        const bool decided = ask_memtable(memtable, status);
        if (trace_ != nullptr) [[unlikely]]
            trace_->memtable(decided);
        return decided;
    }

    bool ask(const TableSet::Table& table, int level, uint64_t hash, Status& status) {
        if (trace_ == nullptr) [[likely]]
            return ask_table(table, hash, status);
        const TableGet before = found_.table;
        const bool decided = ask_table(table, hash, status);
        trace_->table(table, level, before, found_.table, decided);
        return decided;
    }

  private:
    bool ask_memtable(const Memtable& memtable, Status& status) {
        const Seqno covered = memtable.covering_seqno(key_, seqno_);
        const auto entry = memtable.get(key_, seqno_);
        if (entry && entry->seqno > covered) {
            status = judge(entry->kind, entry->seqno, entry->value, now_ms_, found_);
            return true;
        }
        if (covered != 0) status = judge_covered(covered);
        return covered != 0;
    }

    bool ask_table(const TableSet::Table& table, uint64_t hash, Status& status) {
        const TableReader* reader = table.slot->reader();
        if (reader == nullptr) {
            status = open(*table.slot, reader);
            if (!status.is_ok()) return true;
        }
        const RangeTombstoneSetPtr& ranges = reader->range_tombstones();
        const Seqno covered = ranges == nullptr ? 0 : ranges->covering(key_, seqno_);
        TableGet& got = found_.table;
        status = reader->get(key_, hash, seqno_, mode_, got);
        if (!status.is_ok()) return true;
        if (got.found && got.seqno > covered) {
            status = judge(got.kind, got.seqno, got.value, now_ms_, found_);
            return true;
        }
        if (covered != 0) status = judge_covered(covered);
        return covered != 0;
    }

    /// A range delete of seqno `covered` is the newest there is.
    Status judge_covered(Seqno covered) {
        found_.any = true;
        found_.live = false;
        found_.seqno = covered;
        found_.value = {};
        if (trace_ != nullptr) trace_->deleted_by_range();
        return Status::ok();
    }

    Status open(TableSlot& slot, const TableReader*& reader) {
        if (mode_.cache_only) return {Code::kWouldBlock, "a table is not open yet"};
        KV_ASSIGN_OR_RETURN(const auto opened, tables_.open(slot));
        reader = opened.get();  // the slot keeps it
        return Status::ok();
    }

    const Bytes key_;
    const Seqno seqno_;
    const uint64_t now_ms_;
    const ReadMode& mode_;
    TableCache& tables_;
    Found& found_;
    LookupTrace* const trace_;
};

}  // namespace

Status lookup(const ReadView& view, TableCache& tables, Bytes key, Seqno seqno, uint64_t now_ms,
              const ReadMode& mode, Found& found, LookupTrace* trace) {
    Search search(key, seqno, now_ms, mode, tables, found, trace);
    Status status;
    if (search.ask(*view.active, status)) return status;
    for (const auto& memtable : view.immutables)
        if (search.ask(*memtable, status)) return status;
    const uint64_t hash = hash64(key);
    for (const TableSet::Table& table : view.tables->tables(0)) {
        if (!table.may_hold(key) || table.file->smallest_seqno > seqno) continue;
        if (search.ask(table, 0, hash, status)) return status;
    }
    for (int level = 1; level < view.tables->levels(); ++level) {
        const TableSet::Table* table = view.tables->find(level, key);
        if (table != nullptr && search.ask(*table, level, hash, status)) return status;
    }
    return status;
}

Bytes largest_user_key(const ReadView& view) {
    Bytes largest = view.active->largest_user_key();
    for (const auto& memtable : view.immutables)
        largest = std::max(largest, memtable->largest_user_key());
    for (int level = 0; level < view.tables->levels(); ++level)
        for (const TableSet::Table& table : view.tables->tables(level))
            largest = std::max(largest, table.largest);
    return largest;
}

}  // namespace kv::db
