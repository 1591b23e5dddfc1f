// What the parts of the picker share: hulls of tables, what meets them, and how a plan is put
// together from the tables it merges. Callers: picker.cc, early_picker.cc, full_picker.cc.
// Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "compaction/picker.h"

namespace kv {

/// The user keys that some tables cover.
struct Hull {
    Bytes lower, upper;
    bool upper_is_exclusive = false;

    explicit Hull(const FileMeta& file)
        : lower(file.smallest_user_key()),
          upper(file.largest_user_key()),
          upper_is_exclusive(file.largest_is_exclusive()) {}
    bool meets(const Hull& other) const;
    bool meets(const FileMeta& file) const { return meets(Hull(file)); }
    /// True when `file` made it wider.
    bool extend(const FileMeta& file);
    /// This hull made wide enough for `files` too.
    Hull with(const std::vector<FileMetaPtr>& files) const;
};

/// From which level a compaction takes tables, and to which it writes.
struct LevelStep {
    int from = 0;
    int to = 1;
};

bool is_busy(const PickerState& state, const FileMetaPtr& file);
bool any_busy(const PickerState& state, const std::vector<FileMetaPtr>& files);
/// Whether a job of `step` over `hull` and a running one could each put tables where the other
/// does, or sink past what the other writes.
bool meets_running(const PickerState& state, LevelStep step, const Hull& hull);
uint64_t sum_bytes(const std::vector<FileMetaPtr>& files);

/// Tables of `level` that meet the hull, in the level's order; none beyond the last level.
std::vector<FileMetaPtr> overlapping(const Version& version, int level, const Hull& hull);

/// The most bytes of the level below that a table should meet.
uint64_t max_overlap_bytes(const PickerOptions& options, const PickerState& state);

/// The merge of `upper` (at step.from, not empty) with `lower` (all that it meets at step.to).
CompactionPlan build_plan(const Version& version, const PickerOptions& options,
                          const PickerState& state, LevelStep step,
                          const std::vector<FileMetaPtr>& upper,
                          const std::vector<FileMetaPtr>& lower);
bool has_room(const PickerState& state, const CompactionPlan& plan);

/// The merge of a group of level 0 tables: `seed`, which may leave level 0, and all that meets it
/// directly or through others. Null: the oldest that may leave, and if that meets nothing and is
/// only moved, the next ones of which the same is true. Where the room does not suffice for
/// that and what it meets below, the oldest of them go to the free level above that, to be merged
/// down table by table. nullopt: it has to wait.
std::optional<CompactionPlan> merge_level0(const Version& version, const LevelTargets& targets,
                                           const PickerOptions& options, const PickerState& state,
                                           const FileMetaPtr& seed = nullptr);

/// A table worth rewriting for what it holds, when nothing more urgent is there.
std::optional<CompactionPlan> pick_early(const Version& version, const LevelTargets& targets,
                                         const PickerOptions& options, const PickerState& state);

}  // namespace kv
