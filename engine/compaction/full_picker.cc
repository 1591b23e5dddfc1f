// The steps of a full compaction: see picker.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "compaction/plan_builder.h"

namespace kv {

namespace {

/// Tables of the last level that one step rewrites: enough for several cores, and few enough that
/// the space they take twice is small.
constexpr size_t kTablesPerRewrite = 8;

class FullPicker {
  public:
    FullPicker(const Version& version, const FullCompaction& full, const PickerOptions& options,
               const PickerState& state)
        : version_(version),
          full_(full),
          options_(options),
          state_(state),
          targets_(level_targets(version, options.base_bytes, options.ratio)) {}

    std::optional<CompactionPlan> next() {
        if (auto plan = level0_step(); plan || blocked_) return plan;
        // Top down: when a level is due, all above it are done.
        for (int level = 1; level < kLastLevel; ++level) {
            if (auto plan = level_step(level); plan || blocked_) return plan;
        }
        return last_level_step();
    }
    bool blocked() const { return blocked_; }

  private:
    bool is_due(const FileMeta& file) const { return file.smallest_seqno <= full_.up_to; }

    std::optional<CompactionPlan> level0_step() {
        std::vector<FileMetaPtr> upper;  // newest first: those due are the last ones
        for (const FileMetaPtr& file : version_.files(0)) {
            if (is_due(*file)) upper.push_back(file);
        }
        if (upper.empty()) return std::nullopt;
        return step({0, level0_output(version_, targets_)}, upper);
    }

    std::optional<CompactionPlan> level_step(int level) {
        for (const FileMetaPtr& file : version_.files(level)) {
            if (!is_due(*file)) continue;
            if (auto plan = step({level, output_level_of(version_, targets_, level)}, {file})) {
                blocked_ = false;
                return plan;
            }
        }
        return std::nullopt;
    }

    std::optional<CompactionPlan> step(LevelStep levels, const std::vector<FileMetaPtr>& upper) {
        Hull hull(*upper.front());
        for (const FileMetaPtr& file : upper) hull.extend(*file);
        const std::vector<FileMetaPtr> lower = overlapping(version_, levels.to, hull);
        if (any_busy(state_, upper) || any_busy(state_, lower) ||
            meets_running(state_, levels, hull.with(lower))) {
            blocked_ = true;
            return std::nullopt;
        }
        CompactionPlan plan = build_plan(version_, options_, state_, levels, upper, lower);
        if (!has_room(state_, plan)) {
            auto narrower = levels.from == 0 ? merge_level0(version_, targets_, options_, state_)
                                             : std::nullopt;
            blocked_ = !narrower;
            if (!narrower) return std::nullopt;
            plan = std::move(*narrower);
            plan.is_urgent = false;
        }
        plan.reason = "full compaction, level " + std::to_string(levels.from);
        return plan;
    }

    std::optional<CompactionPlan> last_level_step() {
        std::vector<FileMetaPtr> group;
        uint64_t bytes = 0;
        for (const FileMetaPtr& file : version_.files(kLastLevel)) {
            const bool is_left = file->number < full_.first_number;
            const bool busy = is_busy(state_, file);
            if (is_left && (busy || file->size_bytes > state_.room_bytes)) blocked_ = true;
            if (is_left && !busy && group.size() < kTablesPerRewrite &&
                bytes + file->size_bytes <= state_.room_bytes) {
                bytes += file->size_bytes;
                group.push_back(file);
            } else if (!group.empty()) {
                break;
            }
        }
        if (group.empty()) return std::nullopt;
        const LevelStep step{kLastLevel, kLastLevel};
        blocked_ = meets_running(state_, step, Hull(*group.front()).with(group));
        if (blocked_) return std::nullopt;
        CompactionPlan plan = build_plan(version_, options_, state_, step, group, {});
        plan.move_only = false;
        plan.reason = "full compaction, the last level";
        return plan;
    }

    const Version& version_;
    const FullCompaction& full_;
    const PickerOptions& options_;
    const PickerState& state_;
    const LevelTargets targets_;
    bool blocked_ = false;
};

}  // namespace

std::optional<CompactionPlan> pick_full_step(const Version& version, const FullCompaction& full,
                                             const PickerOptions& options, const PickerState& state,
                                             bool* blocked) {
    FullPicker picker(version, full, options, state);
    auto plan = picker.next();
    *blocked = picker.blocked();
    return plan;
}

}  // namespace kv
