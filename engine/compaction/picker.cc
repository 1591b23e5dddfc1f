// Choosing compactions: see picker.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/picker.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace kv {

namespace {

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

/// The user keys that some tables cover.
struct Hull {
    Bytes lower, upper;

    explicit Hull(const FileMeta& file)
        : lower(file.smallest_user_key()), upper(file.largest_user_key()) {}
    /// True when `file` made it wider.
    bool extend(const FileMeta& file) {
        const bool wider = file.smallest_user_key() < lower || file.largest_user_key() > upper;
        lower = std::min(lower, file.smallest_user_key());
        upper = std::max(upper, file.largest_user_key());
        return wider;
    }
};

std::vector<FileMetaPtr> overlapping(const Version& version, int level, const Hull& hull) {
    if (level >= kLevels) return {};
    return version.overlapping(level, hull.lower, hull.upper);
}

void append_inputs(CompactionPlan& plan, int level, const std::vector<FileMetaPtr>& files) {
    for (const FileMetaPtr& file : files) plan.inputs.push_back({level, file});
}

/// Adds what `upper` meets at the output level, and what all of it meets below that.
CompactionPlan complete_plan(const Version& version, const PickerOptions& options, int level,
                             const std::vector<FileMetaPtr>& upper,
                             const std::vector<FileMetaPtr>& lower, Hull hull) {
    CompactionPlan plan;
    plan.output_level = level + 1;
    append_inputs(plan, level, upper);
    append_inputs(plan, level + 1, lower);
    for (const FileMetaPtr& file : lower) hull.extend(*file);
    plan.below = overlapping(version, level + 2, hull);
    // A moved table keeps its bounds: one that meets too much below would make its own next
    // compaction a huge one.
    plan.move_only = upper.size() == 1 && lower.empty() &&
                     sum_bytes(plan.below) <= max_overlap_below(options.table_bytes);
    return plan;
}

std::optional<CompactionPlan> pick_level0(const Version& version, const PickerOptions& options,
                                          const PickerState& state) {
    const std::vector<FileMetaPtr>& level0 = version.files(0);
    if (level0.size() < options.level0_trigger || any_busy(state, level0)) return std::nullopt;
    // The oldest table, and whatever meets it, directly or through others.
    Hull hull(*level0.back());
    std::vector<FileMetaPtr> upper;
    for (bool wider = true; wider;) {
        wider = false;
        upper = overlapping(version, 0, hull);
        for (const FileMetaPtr& file : upper) wider |= hull.extend(*file);
    }
    const std::vector<FileMetaPtr> lower = overlapping(version, 1, hull);
    if (any_busy(state, lower)) return std::nullopt;
    CompactionPlan plan = complete_plan(version, options, 0, upper, lower, hull);
    plan.reason = "level 0 holds " + std::to_string(level0.size()) + " tables";
    return plan;
}

std::optional<CompactionPlan> pick_level(const Version& version, int level,
                                         const PickerOptions& options, const PickerState& state) {
    FileMetaPtr best;
    std::vector<FileMetaPtr> best_lower;
    double best_cost = 0;
    for (const FileMetaPtr& file : version.files(level)) {
        if (is_busy(state, file)) continue;
        std::vector<FileMetaPtr> lower = overlapping(version, level + 1, Hull(*file));
        if (any_busy(state, lower)) continue;
        const double cost = static_cast<double>(sum_bytes(lower)) /
                            static_cast<double>(std::max<uint64_t>(file->size_bytes, 1));
        if (best && cost >= best_cost) continue;
        best = file;
        best_lower = std::move(lower);
        best_cost = cost;
        if (best_cost == 0) break;
    }
    if (!best) return std::nullopt;
    return complete_plan(version, options, level, {best}, best_lower, Hull(*best));
}

}  // namespace

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

uint64_t level_target_bytes(int level, const PickerOptions& options) {
    if (level >= kLevels - 1) return UINT64_MAX;
    uint64_t target = options.level1_bytes;
    for (int i = 1; i < level; ++i) {
        if (target > UINT64_MAX / options.ratio) return UINT64_MAX;
        target *= options.ratio;
    }
    return std::max<uint64_t>(target, 1);
}

double level_score(const Version& version, int level, const PickerOptions& options,
                   const PickerState& state) {
    if (level >= kLevels - 1) return 0;
    uint64_t tables = 0, bytes = 0;
    for (const FileMetaPtr& file : version.files(level)) {
        if (is_busy(state, file)) continue;
        ++tables;
        bytes += file->size_bytes;
    }
    if (level == 0) {
        return static_cast<double>(tables) / std::max<uint32_t>(options.level0_trigger, 1);
    }
    return static_cast<double>(bytes) / static_cast<double>(level_target_bytes(level, options));
}

uint64_t compaction_debt_bytes(const Version& version, const PickerOptions& options) {
    uint64_t debt = 0;
    uint64_t arriving = 0;  // from the levels above
    if (version.files(0).size() >= options.level0_trigger) {
        arriving = version.bytes(0);
        debt = arriving + version.bytes(1);
    }
    for (int level = 1; level < kLevels - 1; ++level) {
        const uint64_t bytes = version.bytes(level) + arriving;
        const uint64_t target = level_target_bytes(level, options);
        arriving = bytes > target ? bytes - target : 0;
        if (arriving == 0) continue;
        const double share = static_cast<double>(arriving) / static_cast<double>(bytes);
        const auto below = static_cast<double>(version.bytes(level + 1));
        debt += arriving + static_cast<uint64_t>(share * below);
    }
    return debt;
}

std::optional<CompactionPlan> pick_compaction(const Version& version, const PickerOptions& options,
                                              const PickerState& state) {
    if (auto plan = pick_level0(version, options, state)) return plan;
    std::array<std::pair<double, int>, kLevels> scores;
    for (int level = 0; level < kLevels; ++level) {
        scores[static_cast<size_t>(level)] = {
            level == 0 ? 0 : level_score(version, level, options, state), level};
    }
    std::stable_sort(scores.begin(), scores.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [score, level] : scores) {
        if (score < 1) break;
        auto plan = pick_level(version, level, options, state);
        if (!plan) continue;
        char text[64];
        std::snprintf(text, sizeof text, "level %d is at %.2f of its target", level, score);
        plan->reason = text;
        return plan;
    }
    return std::nullopt;
}

std::optional<CompactionPlan> pick_full_compaction(const Version& version,
                                                   const PickerState& state) {
    CompactionPlan plan;
    for (int level = 0; level < kLevels; ++level) {
        const std::vector<FileMetaPtr>& files = version.files(level);
        if (files.empty()) continue;
        if (any_busy(state, files)) return std::nullopt;
        append_inputs(plan, level, files);
        plan.output_level = std::max(level, 1);
    }
    if (plan.inputs.empty()) return std::nullopt;
    plan.reason = "everything, as asked";
    return plan;
}

}  // namespace kv
