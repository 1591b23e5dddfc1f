// Putting plans together: see plan_builder.h and picker.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/plan_builder.h"

#include <algorithm>

namespace kv {

bool Hull::meets(const Hull& other) const {
    const auto begins_behind = [](const Hull& a, const Hull& b) {
        const int order = a.lower.compare(b.upper);
        return order > 0 || (order == 0 && b.upper_is_exclusive);
    };
    return !begins_behind(*this, other) && !begins_behind(other, *this);
}

bool Hull::extend(const FileMeta& file) {
    bool wider = false;
    if (file.smallest_user_key() < lower) {
        lower = file.smallest_user_key();
        wider = true;
    }
    const Bytes end = file.largest_user_key();
    if (end > upper || (end == upper && upper_is_exclusive && !file.largest_is_exclusive())) {
        upper = end;
        upper_is_exclusive = file.largest_is_exclusive();
        wider = true;
    }
    return wider;
}

Hull Hull::with(const std::vector<FileMetaPtr>& files) const {
    Hull wider = *this;
    for (const FileMetaPtr& file : files) wider.extend(*file);
    return wider;
}

namespace {

bool is_between(int level, int above, int below) { return above < level && level < below; }

/// Whether the outputs of a running plan may meet `hull`. A moved table stays as it is; a merge may
/// fill the gaps between its inputs.
bool outputs_meet(const CompactionPlan& running, const Hull& hull) {
    if (running.drop_only) return false;
    Hull all(*running.inputs.front().file);
    for (const PlanInput& input : running.inputs) {
        if (running.move_only && hull.meets(*input.file)) return true;
        all.extend(*input.file);
    }
    return !running.move_only && hull.meets(all);
}

}  // namespace

bool meets_running(const PickerState& state, LevelStep step, const Hull& hull) {
    return std::any_of(state.running.begin(), state.running.end(),
                       [&](const CompactionPlan* running) {
                           const int to = running->output_level;
                           int from = to;
                           for (const PlanInput& input : running->inputs)
                               from = std::min(from, input.level);
                           return (step.to == to || is_between(step.to, from, to) ||
                                   is_between(to, step.from, step.to)) &&
                                  outputs_meet(*running, hull);
                       });
}

bool is_busy(const PickerState& state, const FileMetaPtr& file) {
    return state.busy.count(file->number) != 0;
}

bool any_busy(const PickerState& state, const std::vector<FileMetaPtr>& files) {
    return std::any_of(files.begin(), files.end(),
                       [&](const FileMetaPtr& file) { return is_busy(state, file); });
}

uint64_t sum_bytes(const std::vector<FileMetaPtr>& files) {
    uint64_t bytes = 0;
    for (const FileMetaPtr& file : files) bytes += file->size_bytes;
    return bytes;
}

std::vector<FileMetaPtr> overlapping(const Version& version, int level, const Hull& hull) {
    if (level >= kLevels) return {};
    return version.overlapping(level, hull.lower, hull.upper, hull.upper_is_exclusive);
}

uint64_t max_overlap_bytes(const PickerOptions& options, const PickerState& state) {
    return std::min(max_overlap_below(options.table_bytes),
                    std::max(options.table_bytes, state.room_bytes / 4));
}

bool has_room(const PickerState& state, const CompactionPlan& plan) {
    return plan.scratch_bytes() <= state.room_bytes;
}

CompactionPlan build_plan(const Version& version, const PickerOptions& options,
                          const PickerState& state, LevelStep step,
                          const std::vector<FileMetaPtr>& upper,
                          const std::vector<FileMetaPtr>& lower) {
    CompactionPlan plan;
    plan.output_level = step.to;
    Hull hull(*upper.front());
    for (const FileMetaPtr& file : upper) {
        plan.inputs.push_back({step.from, file});
        hull.extend(*file);
    }
    for (const FileMetaPtr& file : lower) {
        plan.inputs.push_back({step.to, file});
        hull.extend(*file);
    }
    plan.below = overlapping(version, step.to + 1, hull);
    plan.max_overlap_bytes = max_overlap_bytes(options, state);
    // A moved table keeps its bounds: one that meets too much below would make its own next
    // compaction a huge one.
    plan.move_only =
        upper.size() == 1 && lower.empty() && sum_bytes(plan.below) <= plan.max_overlap_bytes;
    return plan;
}

uint64_t CompactionPlan::input_bytes() const {
    uint64_t bytes = 0;
    for (const PlanInput& input : inputs) bytes += input.file->size_bytes;
    return bytes;
}

uint64_t CompactionPlan::input_entries() const {
    uint64_t entries = 0;
    for (const PlanInput& input : inputs) entries += input.file->entries;
    return entries;
}

std::vector<uint64_t> CompactionPlan::input_numbers() const {
    std::vector<uint64_t> numbers;
    for (const PlanInput& input : inputs) numbers.push_back(input.file->number);
    return numbers;
}

}  // namespace kv
