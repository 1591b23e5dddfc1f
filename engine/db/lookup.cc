// The look-up of one key, and the judgement on what was found, which all look-ups share.
// SPDX-License-Identifier: Apache-2.0
#include "db/lookup.h"

#include <algorithm>
#include <optional>

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
        found.live = found.expiry_ms > now_->wall_ms();
        if (found.live) found.value = internal_value.substr(kExpiryBytes);
    }
    return Status::ok();
}

void KeySearch::accept(const RowCache::Row& row, Found& found) const {
    found.any = true;
    found.seqno = row.seqno;
    found.expiry_ms = row.expiry_ms;
    found.live = row.expiry_ms == 0 || row.expiry_ms > now_->wall_ms();
    if (found.live) found.value = row.value;
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

/// What a look-up that knows of rows does before it asks tables, and after.
class RowLookup {
  public:
    /// Rows say what all tables say: a search that does not see all of them has no use for any.
    RowLookup(const ReadView& view, const KeySearch& search, RowAccess* access)
        : content_(view.content),
          access_(search.seqno() >= view.tables->largest_seqno() ? access : nullptr),
          looks_(access_ != nullptr && access_->cache.is_on()) {
        if (looks_) access_->cache.prefetch(search.hash());
    }
    bool looks() const { return looks_; }
    bool find(const KeySearch& search, Found& found) {
        if (!looks_ || !access_->cache.find(search.key(), search.hash(), content_, access_->row)) {
            return false;
        }
        search.accept(access_->row, found);
        return true;
    }
    void keep(const KeySearch& search, const Found& found) {
        if (access_ == nullptr || !found.live) return;
        access_->cache.keep(search.key(), search.hash(), content_, found.seqno, found.expiry_ms,
                            found.value);
    }

  private:
    const uint64_t content_;
    RowAccess* const access_;
    const bool looks_;
};

}  // namespace

Status lookup(const ReadView& view, TableCache& tables, Bytes key, Seqno seqno, const ReadTime& now,
              const ReadMode& mode, Found& found, RowAccess* rows, LookupTrace* trace) {
    const KeySearch search(key, seqno, now);
    Status status;
    const auto ask = [&](const Memtable& memtable) {
        const bool decided = search.ask(memtable, found, status);
        if (trace != nullptr) [[unlikely]]
            trace->memtable(decided);
        return decided;
    };
    std::optional<TableOrder> order;
    const auto ask_next = [&](const TableSet::Table& table) {
        if (trace == nullptr) [[likely]]
            return ask_table(search, table, tables, mode, found, status);
        const TableGet before = found.table;
        const bool decided = ask_table(search, table, tables, mode, found, status);
        trace->table(table, order->level(), before, found.table, decided);
        return decided;
    };
    if (trace != nullptr) trace->begin();
    view.active->prefetch_get(search.memtable_hash());
    RowLookup row(view, search, rows);
    if (!row.looks()) order.emplace(*view.tables, search);
    if (ask(*view.active)) return status;
    for (const auto& memtable : view.immutables)
        if (ask(*memtable)) return status;
    if (row.find(search, found)) return status;
    if (!order) order.emplace(*view.tables, search);
    while (const TableSet::Table* table = order->next()) {
        if (!ask_next(*table)) continue;
        if (status.is_ok()) row.keep(search, found);
        break;
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
