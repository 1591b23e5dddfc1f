// See range_count.h.
// SPDX-License-Identifier: Apache-2.0
#include "db/range_count.h"

#include <algorithm>
#include <optional>
#include <string>

#include "db/scan_bounds.h"
#include "iterator/internal_iterator.h"
#include "record/internal_key.h"
#include "sstable/table_reader.h"

namespace kv::db {
namespace {

// How far an estimate looks into a table at each bound that cuts it. Below this it is exact.
constexpr uint64_t kCountSteps = 256;

uint64_t live_at(const InternalIterator& at) {
    return trailer_kind(trailer_of(at.key())) == Kind::kDelete ? 0 : 1;
}

/// Versions in [lower, upper) that are no deletes, out of `live` in all. Walks `inside` from the
/// lower bound and, if given, `beyond` from the upper one, side by side: whichever ends first
/// tells. `beyond` must be null where entries lie below `lower`, or where nothing bounds above.
/// nullopt when neither has ended after `max_steps`, or when one failed.
std::optional<uint64_t> count_between(InternalIterator& inside, InternalIterator* beyond,
                                      const std::string& lower,
                                      const std::optional<std::string>& upper, uint64_t live,
                                      uint64_t max_steps) {
    uint64_t found = 0;
    uint64_t outside = 0;
    inside.seek(make_seek_key(lower, kMaxSeqno));
    if (beyond != nullptr) beyond->seek(make_seek_key(*upper, kMaxSeqno));
    for (uint64_t step = 0; step < max_steps; ++step) {
        if (!inside.status().is_ok() || (beyond != nullptr && !beyond->status().is_ok())) break;
        if (!inside.valid() || (upper && user_key_of(inside.key()) >= *upper)) return found;
        if (beyond != nullptr && !beyond->valid()) return live - std::min(live, outside);
        found += live_at(inside);
        inside.next();
        if (beyond == nullptr) continue;
        outside += live_at(*beyond);
        beyond->next();
    }
    return std::nullopt;
}

/// Entries of a table that a bound cuts: counted where there are few on one side of the cut, else
/// by how much of the file lies in the bounds.
double count_in_table(const TableReader& reader, const TableSet::Table& table,
                      const std::string& lower, const std::optional<std::string>& upper) {
    const uint64_t live = table.file->entries - table.file->tombstones;
    const auto inside = reader.new_iterator();
    const auto beyond = upper && table.smallest >= lower ? reader.new_iterator() : nullptr;
    if (const auto counted = count_between(*inside, beyond.get(), lower, upper, live, kCountSteps))
        return static_cast<double>(*counted);
    const auto size = static_cast<double>(reader.size_bytes());
    const auto begin = static_cast<double>(reader.approximate_offset(lower));
    const double end = upper ? static_cast<double>(reader.approximate_offset(*upper)) : size;
    return end <= begin ? 0 : static_cast<double>(live) * (end - begin) / size;
}

double count_in_memtable(const Memtable& memtable, const std::string& lower,
                         const std::optional<std::string>& upper) {
    // A writer may be between counting the one and the other.
    const uint64_t entries = memtable.entries();
    const uint64_t live = entries - std::min(entries, memtable.tombstones());
    if (lower.empty() && !upper) return static_cast<double>(live);
    // Memtables are small enough to be walked to the end.
    const auto inside = memtable.new_iterator();
    const auto beyond = upper && lower.empty() ? memtable.new_iterator() : nullptr;
    return static_cast<double>(
        count_between(*inside, beyond.get(), lower, upper, live, UINT64_MAX).value_or(0));
}

}  // namespace

uint64_t approximate_count(const ReadView& view, TableCache& tables, const ScanOptions& options) {
    const ScanBounds bounds(options);
    if (bounds.are_empty()) return 0;
    const std::string lower = bounds.lower.value_or("");
    const std::optional<std::string>& upper = bounds.upper;

    double count = 0;
    for (int level = 0; level < view.tables->levels(); ++level) {
        for (const TableSet::Table& table : view.tables->tables(level)) {
            if (!bounds.meet(table)) continue;
            if (table.smallest >= lower && (!upper || table.largest < *upper)) {
                count += static_cast<double>(table.file->entries - table.file->tombstones);
                continue;
            }
            const auto reader = tables.open(*table.slot);
            if (reader.is_ok()) count += count_in_table(**reader, table, lower, upper);
        }
    }
    count += count_in_memtable(*view.active, lower, upper);
    for (const auto& memtable : view.immutables) {
        count += count_in_memtable(*memtable, lower, upper);
    }
    return static_cast<uint64_t>(count);
}

}  // namespace kv::db
