// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/multi_lookup.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/coding.h"
#include "db/table_order.h"
#include "sstable/table_search.h"

namespace kv::db {

namespace {

// Stored bytes read in one go, past the first part: blocks may be as large as values are.
constexpr size_t kLargestRoundBytes = 8U << 20;

/// The places of `keys` in the order of the keys, so that neighbours follow each other.
std::vector<size_t> in_order(const std::vector<Bytes>& keys) {
    std::vector<std::pair<uint64_t, size_t>> places;  // by the first 8 bytes, which mostly decide
    places.reserve(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
        char start[8] = {};
        std::memcpy(start, keys[i].data(), std::min(keys[i].size(), sizeof start));
        places.emplace_back(load_big_endian64(start), i);
    }
    std::sort(places.begin(), places.end(), [&](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : keys[a.second] < keys[b.second];
    });
    std::vector<size_t> order;
    order.reserve(keys.size());
    for (const auto& place : places) order.push_back(place.second);
    return order;
}

}  // namespace

/// One key on its way.
struct MultiLookup::Walk {
    Walk(size_t place, const KeySearch& key_search, const TableSet& tables)
        : index(place), search(key_search), order(tables, search) {}

    size_t index;
    KeySearch search;
    TableOrder order;
    std::optional<TableSearch> table;  // being searched
    Found found;
    Status status;
};

MultiLookup::MultiLookup(const ReadView& view, TableCache& tables, Seqno seqno, const ReadTime& now,
                         const ReadMode& mode, Answer answer)
    : view_(view),
      tables_(tables),
      seqno_(seqno),
      now_(now),
      mode_(mode),
      answer_(std::move(answer)) {}

MultiLookup::~MultiLookup() = default;

void MultiLookup::run(const std::vector<Bytes>& keys) {
    for (const size_t index : in_order(keys)) start(index, keys[index]);
    while (!waiting_.empty()) read_round();
}

void MultiLookup::start(size_t index, Bytes key) {
    Walk walk(index, KeySearch(key, seqno_, now_), *view_.tables);
    if (ask_memtables(walk) || go_on(walk)) return answer_(index, walk.status, walk.found);
    waiting_.push_back(std::make_unique<Walk>(std::move(walk)));
}

/// True when the search is over.
bool MultiLookup::ask_memtables(Walk& walk) const {
    if (walk.search.ask(*view_.active, walk.found, walk.status)) return true;
    return std::any_of(view_.immutables.begin(), view_.immutables.end(), [&](const auto& memtable) {
        return walk.search.ask(*memtable, walk.found, walk.status);
    });
}

/// Through the tables, as far as memory reaches. False: it waits for a part of walk.table.
bool MultiLookup::go_on(Walk& walk) {
    for (;;) {
        if (!walk.table) {
            const TableSet::Table* next = walk.order.next();
            if (next == nullptr) return true;
            const TableReader* reader = nullptr;
            walk.status = open_table(*next->slot, tables_, mode_, reader);
            if (!walk.status.is_ok()) return true;
            walk.table.emplace(*reader, walk.search.key(), walk.search.hash(), walk.search.seqno());
            walk.table->begin(walk.found.table);
        }
        if (!search_table(walk)) {
            if (!mode_.cache_only) return false;
            walk.status = walk.table->table().part_is_missing(walk.table->wanted());
        }
        if (!walk.status.is_ok()) return true;
        if (walk.search.weigh(walk.table->table(), walk.found, walk.status)) return true;
        walk.table.reset();
    }
}

/// False: a part is missing. True: the table has been searched, or walk.status says why not.
bool MultiLookup::search_table(Walk& walk) {
    TableSearch& table = *walk.table;
    while (table.wants_part()) {
        BlockRef part = find_part(table.table(), table.wanted());
        if (!part) return false;
        walk.status = table.take(std::move(part), walk.found.table);
        if (!walk.status.is_ok()) return true;
    }
    return true;
}

BlockRef MultiLookup::find_part(const TableReader& table, const TablePart& part) {
    LastPart& last = last_parts_[static_cast<size_t>(part.kind)];
    if (last.table != &table || last.offset != part.handle.offset)
        last = {&table, part.handle.offset, table.find_part(part)};
    return last.part;
}

/// Reads what is waited for, or as much of it as one round may take, and lets those who get it go
/// on.
void MultiLookup::read_round() {
    const auto wanted_before = [](const std::unique_ptr<Walk>& a, const std::unique_ptr<Walk>& b) {
        return comes_before(a->table->table(), a->table->wanted(), b->table->table(),
                            b->table->wanted());
    };
    std::stable_sort(waiting_.begin(), waiting_.end(), wanted_before);
    std::vector<PartRead> reads;
    std::vector<size_t> read_of;  // for each walk served in this round
    size_t bytes = 0;
    for (size_t i = 0; i < waiting_.size(); ++i) {
        const TableSearch& table = *waiting_[i]->table;
        if (i == 0 || wanted_before(waiting_[i - 1], waiting_[i])) {
            bytes += table.wanted().stored_bytes();
            if (i > 0 && bytes > kLargestRoundBytes) break;
            reads.push_back({&table.table(), table.wanted()});
        }
        read_of.push_back(reads.size() - 1);
    }
    read_parts_together(tables_.file_system(), reads, mode_);

    // What was missing may be there now.
    last_parts_ = {};
    std::vector<std::unique_ptr<Walk>> served(
        std::make_move_iterator(waiting_.begin()),
        std::make_move_iterator(waiting_.begin() + static_cast<ptrdiff_t>(read_of.size())));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(served.size()));
    for (size_t i = 0; i < served.size(); ++i) {
        Walk& walk = *served[i];
        const Result<BlockRef>& got = reads[read_of[i]].got;
        walk.status = got.is_ok() ? walk.table->take(*got, walk.found.table) : got.status();
        if (!walk.status.is_ok() || go_on(walk)) {
            answer_(walk.index, walk.status, walk.found);
            served[i].reset();
        } else {
            waiting_.push_back(std::move(served[i]));
        }
    }
}

}  // namespace kv::db
