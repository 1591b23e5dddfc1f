// pick_compaction: what to merge next, as a pure function of the table set. Nothing here touches a
// file or a clock, so every rule is a line of text in tests/compaction/picker_test.cc.
//
// Rules, in order of urgency: tables of level 0 that meet nothing, such as those of keys written in
// order, are moved, which writes no byte; level 0 once it holds level0_trigger tables (every read
// asks all of them); else the level that is furthest beyond its target (level_targets.h), there the
// table that drags along the fewest bytes of the next level; else tables worth rewriting for what
// they hold (tombstones, expired entries); else, in a store that is at rest, what is left of level
// 0. Tables in use by a running job, and tables that would meet one, are left alone, and where
// level 0 waits for such tables, so is the level it goes to. What range deletes hide altogether
// goes before all of that: covered_tables.h.
// Caller: the store's scheduler. Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compaction/level_targets.h"
#include "version/version.h"

namespace kv {

struct PickerOptions {
    /// Level 0 tables that start a compaction.
    uint32_t level0_trigger = 12;
    /// The base level is the first that a target of at most this much suffices for.
    uint64_t base_bytes = 512ULL << 20;
    /// How many times larger each level is than the one above it.
    uint32_t ratio = 10;
    /// Size of a full table.
    uint64_t table_bytes = 64ULL << 20;
};

struct CompactionPlan;

struct PickerState {
    /// Numbers of the tables that running jobs read, and of others to keep away from.
    std::set<uint64_t> busy;
    /// Nothing was written for a while: time to tidy up.
    bool at_rest = false;
    /// Unix milliseconds; 0: nothing is picked for being expired.
    uint64_t now_ms = 0;
    /// The oldest seqno that anybody reads at: a tombstone or expired entry newer than it is not
    /// worth a rewrite yet.
    Seqno oldest_read = 0;
    /// What running jobs carry out. Their outputs may come to lie anywhere between their inputs,
    /// also where there is no table yet: no plan puts anything there.
    std::vector<const CompactionPlan*> running{};
    /// What a plan may write at most beside its inputs, which is taken to be their size.
    uint64_t room_bytes = UINT64_MAX;
    /// The disk is short: whatever may free space is worth its writes.
    bool wants_space = false;
};

struct PlanInput {
    int level = 0;
    FileMetaPtr file;
};

/// One compaction: these tables become sorted tables of `output_level`.
///
/// What the picker promises: no table outside the plan, at the levels from the shallowest input to
/// the output level, shares a user key with the inputs' hull, except level 0 tables newer than all
/// of them; and no plan that is picked while this one runs puts one there. So the outputs fit into
/// their level and no user key is split.
struct CompactionPlan {
    int output_level = 1;
    /// Level 0 newest first, then level by level in key order.
    std::vector<PlanInput> inputs;
    /// Tables of the level below the output that meet the inputs, in key order: an output is closed
    /// before it meets too many of them.
    std::vector<FileMetaPtr> below;
    /// How much of it that is: little where the disk is short, since each output will be merged
    /// with what it meets.
    uint64_t max_overlap_bytes = UINT64_MAX;
    /// One input, which only changes its level: no bytes are written.
    bool move_only = false;
    /// Everything in the inputs is hidden from every reader: they are removed unread.
    bool drop_only = false;
    /// Level 0 shrinks by it: goes before every other job.
    bool is_urgent = false;
    /// For the log, such as "level 0 holds 4 tables".
    std::string reason;

    uint64_t input_bytes() const;
    /// What it may write at most beside its inputs.
    uint64_t scratch_bytes() const { return move_only || drop_only ? 0 : input_bytes(); }
    uint64_t input_entries() const;
    /// For PickerState::busy, while the plan is carried out.
    std::vector<uint64_t> input_numbers() const;
};

/// The most bytes of the level below that an output of a compaction should meet.
inline uint64_t max_overlap_below(uint64_t table_bytes) { return 10 * table_bytes; }

/// How urgent each level is: 1 or more wants a compaction. Level 0 by tables, the others by bytes
/// against their target, a level above the base level by being in use at all; busy tables do not
/// count; the last level is 0.
double level_score(const Version& version, int level, const LevelTargets& targets,
                   const PickerOptions& options, const PickerState& state);

/// Bytes that must still be moved down until no level asks for a compaction; for pacing.
uint64_t compaction_debt_bytes(const Version& version, const PickerOptions& options);

/// Whether level 0, which is not empty, could be merged if it had to.
bool level0_can_merge(const Version& version, const PickerOptions& options,
                      const PickerState& state);

/// The merge of level 0 once it holds level0_trigger tables; nullopt: it does not, or has to wait.
std::optional<CompactionPlan> pick_level0_merge(const Version& version,
                                                const PickerOptions& options,
                                                const PickerState& state);

/// The next compaction, or nullopt when nothing asks for one or all that does is busy.
std::optional<CompactionPlan> pick_compaction(const Version& version, const PickerOptions& options,
                                              const PickerState& state);

/// When, after `now_ms`, so much of some table will have expired that it is picked for that; at
/// UINT64_MAX: never.
uint64_t next_expiry_work_ms(const Version& version, uint64_t now_ms);

/// What a full compaction is about: everything that was in tables when it was asked for.
struct FullCompaction {
    Seqno up_to = 0;            ///< Largest seqno of any table then.
    uint64_t first_number = 0;  ///< Tables numbered below it were there.
};

/// The next step of a full compaction: level 0, then each level into the next one, table by table,
/// then the tables of the last level that no step has rewritten yet, so that all that can be
/// dropped is. The scratch space is that of one such step. nullopt: it is complete, or the next
/// step meets a busy table or has no room, which `*blocked` tells apart.
std::optional<CompactionPlan> pick_full_step(const Version& version, const FullCompaction& full,
                                             const PickerOptions& options, const PickerState& state,
                                             bool* blocked);

}  // namespace kv
