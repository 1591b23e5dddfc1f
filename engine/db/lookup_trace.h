// LookupTrace: notes what a look-up does, for explain_get. A look-up without one pays a null test a
// source. Thread rule: one look-up at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "db/table_set.h"
#include "kv/clock.h"
#include "kv/explain.h"
#include "sstable/table_reader.h"

namespace kv::db {

class LookupTrace {
  public:
    LookupTrace(const Clock& clock, GetExplanation& out) : clock_(clock), out_(out) {}

    void begin() { began_us_ = clock_.monotonic_us(); }
    /// The memtable just asked; `decided`: the search is over.
    void memtable(bool decided) {
        if (decided) out_.source = out_.memtables == 0 ? "active memtable" : immutable_name();
        ++out_.memtables;
        out_.memtables_us += lap();
    }
    /// The table just asked; `before` and `after`: what the search had cost and has cost now.
    void table(const TableSet::Table& table, int level, const TableGet& before,
               const TableGet& after, bool decided) {
        TableProbe probe;
        probe.table = table.file->number;
        probe.level = level;
        probe.filter_asked = after.filter_checks != before.filter_checks;
        probe.filter_skipped = after.filter_skips != before.filter_skips;
        probe.found = decided;
        probe.cached_blocks = after.cache_hits - before.cache_hits;
        probe.disk_blocks = after.disk_reads - before.disk_reads;
        probe.us = lap();
        if (decided)
            out_.source =
                "table " + std::to_string(probe.table) + " of level " + std::to_string(level);
        out_.tables.push_back(probe);
    }

  private:
    std::string immutable_name() const {
        return "immutable memtable " + std::to_string(out_.memtables);
    }
    uint64_t lap() {
        const uint64_t now_us = clock_.monotonic_us();
        return now_us - std::exchange(began_us_, now_us);
    }

    const Clock& clock_;
    GetExplanation& out_;
    uint64_t began_us_ = 0;
};

}  // namespace kv::db
