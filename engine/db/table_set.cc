// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/table_set.h"

#include <algorithm>

#include "record/internal_key.h"
#include "record/key_prefix.h"
#include "record/range_tombstones.h"

namespace kv::db {

TableSet::TableSet(std::shared_ptr<const Version> version, TableCache& cache)
    : version_(std::move(version)), levels_(kLevels) {
    for (int number = 0; number < kLevels; ++number) {
        Level& level = levels_[static_cast<size_t>(number)];
        for (const auto& file : version_->files(number)) {
            largest_seqno_ = std::max(largest_seqno_, file->largest_seqno);
            level.tables.push_back({file.get(), cache.slot(*file), user_key_of(file->smallest),
                                    user_key_of(file->largest), is_exclusive_bound(file->largest)});
            has_ranges_ = has_ranges_ || file->range_tombstones != 0;
            if (number > 0)
                level.largest_prefixes.push_back(user_key_prefix(level.tables.back().largest));
        }
    }
}

const TableSet::Table* TableSet::find(int level_number, Bytes user_key) const {
    const Level& level = levels_[static_cast<size_t>(level_number)];
    if (level.tables.empty()) return nullptr;
    // First table that does not end before user_key; prefixes decide where they differ.
    const auto& prefixes = level.largest_prefixes;
    const auto [low, high] =
        std::equal_range(prefixes.begin(), prefixes.end(), user_key_prefix(user_key));
    const Table* first = level.tables.data();
    const Table* at =
        std::partition_point(first + (low - prefixes.begin()), first + (high - prefixes.begin()),
                             [&](const Table& table) { return table.ends_before(user_key); });
    return at != first + level.tables.size() && at->smallest <= user_key ? at : nullptr;
}

Result<RangeTombstoneSetPtr> TableSet::range_tombstones(TableCache& cache, bool cache_only) const {
    if (!has_ranges_) return RangeTombstoneSetPtr();
    std::unique_lock lock(ranges_mutex_, std::defer_lock);
    if (!cache_only) lock.lock();
    // Whoever has the mutex may be reading tables.
    const bool may_look = lock.owns_lock() || lock.try_lock();
    if (may_look && ranges_ != nullptr) return ranges_;
    if (cache_only) return Status(Code::kWouldBlock, "range deletes have not been read yet");
    KV_ASSIGN_OR_RETURN(ranges_, range_tombstones_where(cache, [](const Table&) { return true; }));
    if (ranges_ == nullptr) {
        return Status::corruption("the MANIFEST lists range deletes in tables that hold none");
    }
    return ranges_;
}

Result<RangeTombstoneSetPtr> TableSet::range_tombstones_where(
    TableCache& cache, const std::function<bool(const Table&)>& counts) const {
    std::vector<RangeTombstoneSetPtr> sets;
    for (const Level& level : levels_) {
        for (const Table& table : level.tables) {
            if (table.file->range_tombstones == 0 || !counts(table)) continue;
            KV_ASSIGN_OR_RETURN(const auto reader, cache.open(*table.slot));
            sets.push_back(reader->range_tombstones());
        }
    }
    return RangeTombstoneSet::merge(sets);
}

}  // namespace kv::db
