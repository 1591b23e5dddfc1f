// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/lookup.h"

#include "base/coding.h"
#include "base/hash.h"
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

/// Asks one table; true when the search is over.
Result<bool> ask_table(const TableSet::Table& table, TableCache& tables, Bytes key, uint64_t hash,
                       Seqno seqno, const ReadMode& mode, Found& found) {
    const TableReader* reader = table.slot->reader();
    if (reader == nullptr) {
        if (mode.cache_only) return Status(Code::kWouldBlock, "a table is not open yet");
        KV_ASSIGN_OR_RETURN(const auto opened, tables.open(*table.slot));
        reader = opened.get();  // the slot keeps it
    }
    KV_RETURN_IF_ERROR(reader->get(key, hash, seqno, mode, found.table));
    return found.table.found;
}

}  // namespace

Status lookup(const ReadView& view, TableCache& tables, Bytes key, Seqno seqno, uint64_t now_ms,
              const ReadMode& mode, Found& found) {
    if (const auto entry = view.active->get(key, seqno)) {
        return judge(entry->kind, entry->seqno, entry->value, now_ms, found);
    }
    for (const auto& memtable : view.immutables) {
        if (const auto entry = memtable->get(key, seqno)) {
            return judge(entry->kind, entry->seqno, entry->value, now_ms, found);
        }
    }
    const uint64_t hash = hash64(key);
    for (const TableSet::Table& table : view.tables->tables(0)) {
        if (key < table.smallest || table.largest < key) continue;
        if (table.file->smallest_seqno > seqno) continue;
        KV_ASSIGN_OR_RETURN(const bool done,
                            ask_table(table, tables, key, hash, seqno, mode, found));
        if (done)
            return judge(found.table.kind, found.table.seqno, found.table.value, now_ms, found);
    }
    for (int level = 1; level < view.tables->levels(); ++level) {
        const TableSet::Table* table = view.tables->find(level, key);
        if (table == nullptr) continue;
        KV_ASSIGN_OR_RETURN(const bool done,
                            ask_table(*table, tables, key, hash, seqno, mode, found));
        if (done)
            return judge(found.table.kind, found.table.seqno, found.table.value, now_ms, found);
    }
    return Status::ok();
}

}  // namespace kv::db
