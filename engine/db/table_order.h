// TableOrder: the tables that may hold a key, from the newest to the oldest. It looks a few tables
// ahead of the one it gives, so that the memory in which their filters are comes while the newer
// sources are asked, and for all of them together.
// Thread rule: one thread at a time; the tables and the search must outlive it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <utility>

#include "db/key_search.h"
#include "db/table_set.h"

namespace kv::db {

class TableOrder {
  public:
    TableOrder(const TableSet& tables, const KeySearch& search)
        : tables_(&tables), key_(search.key()), hash_(search.hash()), seqno_(search.seqno()) {
        for (Place& place : ahead_) place = look_ahead();
    }

    /// The next table that may hold a version of the key; null when there is none.
    const TableSet::Table* next() {
        Place& place = ahead_[given_++ % kAhead];
        given_level_ = place.level;
        return std::exchange(place, look_ahead()).table;
    }
    /// Of the table that next() gave.
    int level() const { return given_level_; }

  private:
    static constexpr size_t kAhead = 8;
    struct Place {
        const TableSet::Table* table = nullptr;
        int level = 0;
    };

    Place look_ahead() {
        const Place place = find_next();
        if (place.table == nullptr) return place;
        const TableReader* reader = place.table->slot->reader();
        if (reader != nullptr) reader->prefetch_filter(hash_);
        return place;
    }
    Place find_next() {
        for (const auto& newest = tables_->tables(0); position_ < newest.size();) {
            const TableSet::Table& table = newest[position_++];
            if (table.may_hold(key_) && table.file->smallest_seqno <= seqno_) return {&table, 0};
        }
        while (level_ < tables_->levels()) {
            const int level = level_++;
            if (const auto* table = tables_->find(level, key_)) return {table, level};
        }
        return {};
    }

    const TableSet* tables_;
    Bytes key_;
    uint64_t hash_;
    Seqno seqno_;
    size_t position_ = 0;              // in level 0
    int level_ = 1;                    // then
    std::array<Place, kAhead> ahead_;  // a ring
    size_t given_ = 0;
    int given_level_ = 0;
};

}  // namespace kv::db
