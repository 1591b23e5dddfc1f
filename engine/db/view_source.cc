// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/view_source.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory_resource>
#include <utility>
#include <vector>

#include "db/scan_bounds.h"
#include "iterator/level_iterator.h"
#include "iterator/merging_iterator.h"
#include "record/internal_key.h"

namespace kv::db {

namespace {

/// Bytes read ahead once a scan is sequential.
constexpr uint32_t kScanReadaheadBytes = 128U << 10;
/// The list of as many memtables and tables of a walk takes no memory of the heap.
constexpr size_t kUsualChildren = 16;

Result<std::unique_ptr<InternalIterator>> open_table(TableCache& tables, TableSlot& slot,
                                                     const ReadMode& mode) {
    const TableReader* reader = slot.reader();
    if (reader == nullptr) {
        if (mode.cache_only) return Status(Code::kWouldBlock, "a table is not open yet");
        KV_ASSIGN_OR_RETURN(const auto opened, tables.open(slot));
        reader = opened.get();  // the slot keeps it
    }
    return reader->new_iterator(mode);
}

/// The tables of a level that a walk may show keys of: [first, end) of the level's.
struct LevelPart {
    size_t first;
    size_t end;
};

LevelPart part_within(const TableSet& set, int level, const ScanBounds& bounds) {
    const auto& tables = set.tables(level);
    LevelPart part{0, tables.size()};
    if (bounds.lower) part.first = set.version().lower_bound(level, *bounds.lower);
    if (bounds.upper) {
        part.end = set.version().lower_bound(level, *bounds.upper);
        if (part.end < tables.size() && bounds.meet(tables[part.end])) ++part.end;
    }
    return part;
}

/// A part of a level of a view. Nothing is copied: the view outlives the walk.
class ViewLevel {
  public:
    ViewLevel(const TableSet& set, int level, LevelPart part, TableCache& tables,
              const ReadMode& mode)
        : set_(set), level_(level), part_(part), tables_(tables), mode_(mode) {}
    size_t size() const { return part_.end - part_.first; }
    size_t find(Bytes internal_key) const {
        const size_t bound = set_.version().lower_bound(level_, user_key_of(internal_key));
        size_t index = std::clamp(bound, part_.first, part_.end);
        while (index < part_.end &&
               compare_internal_keys(at(index).file->largest, internal_key) < 0) {
            ++index;
        }
        return index - part_.first;
    }
    Bytes smallest(size_t index) const { return at(part_.first + index).file->smallest; }
    Seqno largest_seqno(size_t index) const { return at(part_.first + index).file->largest_seqno; }
    Result<std::unique_ptr<InternalIterator>> open(size_t index) const {
        return open_table(tables_, *at(part_.first + index).slot, mode_);
    }

  private:
    const TableSet::Table& at(size_t index) const { return set_.tables(level_)[index]; }

    const TableSet& set_;
    const int level_;
    const LevelPart part_;
    TableCache& tables_;
    const ReadMode mode_;
};

/// Whether nothing in the memtable can be seen at `seqno`. What was published by then is counted.
bool is_invisible(const Memtable& memtable, Seqno seqno) {
    return memtable.entries() == 0 || memtable.smallest_seqno() > seqno;
}

/// Who may not wait for the disk may not wait for a long sort either.
std::unique_ptr<InternalIterator> open_memtable(const Memtable& memtable, bool cache_only) {
    constexpr uint64_t kQuicklyOrdered = 512;
    if (cache_only && memtable.unordered_keys() > kQuicklyOrdered) {
        return new_empty_iterator(Status(Code::kWouldBlock, "many new keys are not in order yet"));
    }
    return memtable.new_iterator();
}

}  // namespace

WalkSource new_view_source(const ReadView& view, TableCache& tables, Seqno seqno,
                           const ScanOptions& options, BlockCounts* counts) {
    const ReadMode mode{.cache_only = options.cache_only,
                        .fill_cache = options.fill_cache,
                        .readahead_bytes = kScanReadaheadBytes,
                        .counts = counts,
                        .keep_all = false};
    const ScanBounds bounds(options);
    WalkSource source;
    std::array<std::byte, kUsualChildren * sizeof(void*)> list_memory;
    std::pmr::monotonic_buffer_resource list(list_memory.data(), list_memory.size());
    std::pmr::vector<std::unique_ptr<InternalIterator>> children(&list);
    children.reserve(kUsualChildren);
    const auto add_memtable = [&](const Memtable& memtable) {
        if (!is_invisible(memtable, seqno))
            children.push_back(open_memtable(memtable, options.cache_only));
        memtable.append_range_tombstones(source.range_deletes);
    };
    add_memtable(*view.active);
    for (const auto& memtable : view.immutables) add_memtable(*memtable);
    for (const TableSet::Table& table : view.tables->tables(0)) {
        if (table.file->smallest_seqno > seqno || !bounds.meet(table)) continue;
        auto child = open_table(tables, *table.slot, mode);
        children.push_back(child.is_ok() ? std::move(*child) : new_empty_iterator(child.error()));
    }
    for (int level = 1; level < view.tables->levels(); ++level) {
        const LevelPart part = part_within(*view.tables, level, bounds);
        if (part.first >= part.end) continue;
        children.push_back(
            std::make_unique<LevelIterator<ViewLevel>>(*view.tables, level, part, tables, mode));
    }
    auto ranges = view.tables->range_tombstones(tables, mode.cache_only);
    if (!ranges.is_ok() && !ranges.status().is(Code::kWouldBlock)) {
        // Perhaps only for a table that this walk has nothing to do with.
        ranges = view.tables->range_tombstones_where(
            tables, [&](const TableSet::Table& table) { return bounds.meet(table); });
    }
    if (!ranges.is_ok()) {
        source.status = ranges.status();
    } else if (*ranges != nullptr) {
        source.range_deletes.push_back(std::move(*ranges));
    }
    source.entries = new_merging_iterator(children);
    // A walk that does not see all of the tables can neither learn nor use what is so for all.
    if (seqno >= view.tables->largest_seqno()) source.runs = &view.tables->hidden_runs();
    return source;
}

}  // namespace kv::db
