// The look-up of one key, and the judgement on what was found, which all look-ups share.
// SPDX-License-Identifier: Apache-2.0
#include "db/lookup.h"

#include <algorithm>

#include "base/coding.h"
#include "db/key_search.h"
#include "db/lookup_trace.h"
#include "db/table_order.h"
#include "record/internal_key.h"

namespace kv::db {

Status KeySearch::judge(Kind kind, Seqno seqno, Bytes internal_value, Found& found) const {
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
        found.live = found.expiry_ms > now_ms_;
        if (found.live) found.value = internal_value.substr(kExpiryBytes);
    }
    return Status::ok();
}

bool KeySearch::judge_covered(Seqno covered, Found& found) {
    found.any = true;
    found.by_range = true;
    found.seqno = covered;
    return true;
}

namespace {

/// True when the search is over; the answer is in `status` then.
bool ask_table(const KeySearch& search, const TableSet::Table& table, TableCache& tables,
               const ReadMode& mode, Found& found, Status& status) {
    const TableReader* reader = nullptr;
    status = open_table(*table.slot, tables, mode, reader);
    if (!status.is_ok()) return true;
    status = reader->get(search.key(), search.hash(), search.seqno(), mode, found.table);
    return !status.is_ok() || search.weigh(*reader, found, status);
}

}  // namespace

Status lookup(const ReadView& view, TableCache& tables, Bytes key, Seqno seqno, uint64_t now_ms,
              const ReadMode& mode, Found& found, LookupTrace* trace) {
    const KeySearch search(key, seqno, now_ms);
    Status status;
    const auto ask = [&](const Memtable& memtable) {
        const bool decided = search.ask(memtable, found, status);
        if (trace != nullptr) [[unlikely]]
            trace->memtable(decided);
        return decided;
    };
    if (trace != nullptr) trace->begin();
    view.active->prefetch_get(search.hash());
    TableOrder order(*view.tables, search);
    if (ask(*view.active)) return status;
    for (const auto& memtable : view.immutables)
        if (ask(*memtable)) return status;
    while (const TableSet::Table* table = order.next()) {
        if (trace == nullptr) [[likely]] {
            if (ask_table(search, *table, tables, mode, found, status)) return status;
            continue;
        }
        const TableGet before = found.table;
        const bool decided = ask_table(search, *table, tables, mode, found, status);
        trace->table(*table, order.level(), before, found.table, decided);
        if (decided) return status;
    }
    return status;
}

Bytes largest_user_key(const ReadView& view) {
    Bytes largest = view.active->largest_user_key();
    for (const auto& memtable : view.immutables)
        largest = std::max(largest, memtable->largest_user_key());
    for (const TableSet::Table& table : view.tables->tables(0))
        largest = std::max(largest, table.largest);
    for (int level = 1; level < view.tables->levels(); ++level) {
        const auto& tables = view.tables->tables(level);
        if (!tables.empty()) largest = std::max(largest, tables.back().largest);
    }
    return largest;
}

}  // namespace kv::db
