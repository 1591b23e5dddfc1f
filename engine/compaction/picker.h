// pick_compaction: what to merge next, as a pure function of the table set. Nothing here touches a
// file or a clock, so every rule is a line of text in tests/compaction/picker_test.cc.
//
// Rules, in order of urgency: level 0 once it holds level0_trigger tables (every read asks all of
// them); else the level that is furthest beyond its target, there the table that drags along the
// fewest bytes of the next level. Tables in use by a running job, and tables that would meet one,
// are left alone. Caller: the store's scheduler. Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "version/version.h"

namespace kv {

struct PickerOptions {
    /// Level 0 tables that start a compaction.
    uint32_t level0_trigger = 4;
    /// Target size of level 1; each further level's is `ratio` times the one above. The last level
    /// has none.
    uint64_t level1_bytes = 256ULL << 20;
    uint32_t ratio = 10;
    /// Size of a full table.
    uint64_t table_bytes = 64ULL << 20;
};

struct PickerState {
    /// Numbers of the tables that running jobs read.
    std::set<uint64_t> busy;
};

struct PlanInput {
    int level = 0;
    FileMetaPtr file;
};

/// One compaction: these tables become sorted tables of `output_level`.
///
/// What the picker promises: no table outside the plan, at the levels from the shallowest input to
/// the output level, shares a user key with the inputs' hull, except level 0 tables newer than all
/// of them. So the outputs fit into their level and no user key is split.
struct CompactionPlan {
    int output_level = 1;
    /// Level 0 newest first, then level by level in key order.
    std::vector<PlanInput> inputs;
    /// Tables of the level below the output that meet the inputs, in key order: an output is closed
    /// before it meets too many of them.
    std::vector<FileMetaPtr> below;
    /// One input, which only changes its level: no bytes are written.
    bool move_only = false;
    /// For the log, such as "level 0 holds 4 tables".
    std::string reason;

    uint64_t input_bytes() const;
    uint64_t input_entries() const;
    /// For PickerState::busy, while the plan is carried out.
    std::vector<uint64_t> input_numbers() const;
};

/// The most bytes of the level below that an output of a compaction should meet.
inline uint64_t max_overlap_below(uint64_t table_bytes) { return 10 * table_bytes; }

/// Target size of `level` (1 or more); UINT64_MAX for the last.
uint64_t level_target_bytes(int level, const PickerOptions& options);

/// How urgent each level is: 1 or more wants a compaction. Level 0 by tables, the others by bytes;
/// busy tables do not count; the last level is 0.
double level_score(const Version& version, int level, const PickerOptions& options,
                   const PickerState& state);

/// Bytes that must still be moved down until no level asks for a compaction; for pacing.
uint64_t compaction_debt_bytes(const Version& version, const PickerOptions& options);

/// The next compaction, or nullopt when nothing asks for one or all that does is busy.
std::optional<CompactionPlan> pick_compaction(const Version& version, const PickerOptions& options,
                                              const PickerState& state);

/// Everything into the deepest level in use (1 at least), rewritten even if it is there already, so
/// that all that can be dropped is. Carry it out once, not in a loop. nullopt for an empty version,
/// or while a job is running.
std::optional<CompactionPlan> pick_full_compaction(const Version& version,
                                                   const PickerState& state);

}  // namespace kv
