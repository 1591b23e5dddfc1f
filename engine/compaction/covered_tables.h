// Tables that a range delete hides from every reader. They are dropped by an edit, without being
// read: that is how clear() and wide range deletes give their space back, whatever they cover.
// Caller: the store's scheduler. Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "compaction/picker.h"
#include "record/range_tombstones.h"

namespace kv {

/// What pick_covered found out.
struct CoveredTables {
    /// Drops every table, busy ones aside, whose keys lie in range deletes that are newer than all
    /// of it and that everybody sees; nullopt: there is none.
    std::optional<CompactionPlan> plan;
    /// More will go when those who read at older seqnos have gone.
    bool more_later = false;
};

/// `sets`: the range deletes of the version's tables, as far as they are known. Nobody misses a
/// table of the plan: a reader sees the range delete or one of those that made it obsolete, and
/// what hides its keys stays for as long as something below needs it. Of the state, `busy` and
/// `oldest_read` count. O(tables * sets * log range deletes).
CoveredTables pick_covered(const Version& version, std::span<const RangeTombstoneSetPtr> sets,
                           const PickerState& state);

}  // namespace kv
