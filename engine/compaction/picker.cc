// Choosing compactions: see picker.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/picker.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "compaction/plan_builder.h"

namespace kv {

namespace {

/// A level above the base level wants to be empty, but nothing hurts while it is not.
constexpr double kStrayScore = 1.5;
/// Tables that one edit moves at most.
constexpr size_t kMostMoves = 64;

bool moves_freely(const Version& version, const PickerOptions& options, const PickerState& state,
                  LevelStep step, const FileMetaPtr& file) {
    const Hull hull(*file);
    // A moved table keeps its bounds: one that meets too much below would make its own next
    // compaction a huge one.
    return !is_busy(state, file) && !meets_running(state, step, hull) &&
           overlapping(version, step.to, hull).empty() &&
           sum_bytes(overlapping(version, step.to + 1, hull)) <= max_overlap_bytes(options, state);
}

/// Adds tables of level 0 to a plan that moves them: the oldest and the next older ones, as long as
/// each meets nothing else.
void add_level0_moves(const Version& version, const PickerOptions& options,
                      const PickerState& state, CompactionPlan& plan) {
    const std::vector<FileMetaPtr>& level0 = version.files(0);
    const uint64_t first = plan.inputs.empty() ? 0 : plan.inputs.front().file->number;
    for (size_t i = level0.size(); i-- > 0 && plan.inputs.size() < kMostMoves;) {
        const FileMetaPtr& file = level0[i];
        if (file->number == first) continue;
        if (overlapping(version, 0, Hull(*file)).size() > 1 ||
            !moves_freely(version, options, state, {0, plan.output_level}, file)) {
            break;
        }
        plan.inputs.insert(plan.inputs.begin(), {0, file});
    }
}

/// Tables of level 0 that meet nothing, such as those of keys written in order: they leave for the
/// price of an edit, once there are so many that it is worth one. Left there, they would all be
/// rewritten together with the first table that spans them.
std::optional<CompactionPlan> pick_level0_moves(const Version& version, const LevelTargets& targets,
                                                const PickerOptions& options,
                                                const PickerState& state) {
    const size_t fewest = std::max<size_t>(2, options.level0_trigger / 4);
    if (version.files(0).size() < fewest) return std::nullopt;
    CompactionPlan plan;
    plan.output_level = level0_output(version, targets);
    plan.move_only = true;
    add_level0_moves(version, options, state, plan);
    if (plan.inputs.size() < fewest) return std::nullopt;
    plan.is_urgent = true;
    plan.reason = std::to_string(plan.inputs.size()) + " tables of level 0 meet nothing";
    return plan;
}

/// The tables of level 0 that may leave it, newest first: not a busy one, nor one that would sink
/// past one that stays.
std::vector<FileMetaPtr> free_level0(const Version& version, const PickerState& state) {
    const std::vector<FileMetaPtr>& level0 = version.files(0);
    std::vector<FileMetaPtr> free, staying;
    for (size_t i = level0.size(); i-- > 0;) {
        const FileMetaPtr& file = level0[i];
        const bool stays = is_busy(state, file) || std::any_of(staying.begin(), staying.end(),
                                                               [&](const FileMetaPtr& older) {
                                                                   return older->overlaps(*file);
                                                               });
        (stays ? staying : free).push_back(file);
    }
    std::reverse(free.begin(), free.end());
    return free;
}

std::optional<CompactionPlan> pick_level0(const Version& version, const LevelTargets& targets,
                                          const PickerOptions& options, const PickerState& state) {
    const size_t tables = version.files(0).size();
    if (tables < options.level0_trigger) return std::nullopt;
    auto plan = merge_level0(version, targets, options, state);
    if (plan) plan->reason = "level 0 holds " + std::to_string(tables) + " tables";
    return plan;
}

/// The tables of `level` that can join `best` without making the merge meet more below: what they
/// share with it there is written once instead of once each.
std::vector<FileMetaPtr> widen(const Version& version, const PickerOptions& options,
                               const PickerState& state, LevelStep step, const FileMetaPtr& best,
                               const std::vector<FileMetaPtr>& lower) {
    if (lower.empty()) return {best};
    Hull hull(*best);
    for (const FileMetaPtr& file : lower) hull.extend(*file);
    std::vector<FileMetaPtr> upper = overlapping(version, step.from, hull);
    for (const FileMetaPtr& file : upper) hull.extend(*file);
    const bool wider = overlapping(version, step.to, hull).size() != lower.size();
    if (wider || any_busy(state, upper) || meets_running(state, step, hull) ||
        sum_bytes(upper) + sum_bytes(lower) >
            std::min(2 * max_overlap_below(options.table_bytes), state.room_bytes)) {
        return {best};
    }
    return upper;
}

/// More tables that need no rewriting, while the level has too many bytes.
void add_level_moves(const Version& version, const PickerOptions& options, const PickerState& state,
                     uint64_t excess_bytes, CompactionPlan& plan) {
    const PlanInput first = plan.inputs.front();
    uint64_t bytes = first.file->size_bytes;
    for (const FileMetaPtr& file : version.files(first.level)) {
        if (bytes >= excess_bytes || plan.inputs.size() >= kMostMoves) return;
        if (file->number == first.file->number ||
            !moves_freely(version, options, state, {first.level, plan.output_level}, file)) {
            continue;
        }
        plan.inputs.push_back({first.level, file});
        bytes += file->size_bytes;
    }
}

std::optional<CompactionPlan> pick_level(const Version& version, int level,
                                         const LevelTargets& targets, const PickerOptions& options,
                                         const PickerState& state) {
    const LevelStep step{level, output_level_of(version, targets, level)};
    FileMetaPtr best;
    std::vector<FileMetaPtr> best_lower;
    double best_cost = 0;
    for (const FileMetaPtr& file : version.files(level)) {
        if (is_busy(state, file)) continue;
        std::vector<FileMetaPtr> lower = overlapping(version, step.to, Hull(*file));
        if (any_busy(state, lower) || meets_running(state, step, Hull(*file).with(lower))) continue;
        if (!lower.empty() && file->size_bytes + sum_bytes(lower) > state.room_bytes) continue;
        const double cost = static_cast<double>(sum_bytes(lower)) /
                            static_cast<double>(std::max<uint64_t>(file->size_bytes, 1));
        if (best && cost >= best_cost) continue;
        best = file;
        best_lower = std::move(lower);
        best_cost = cost;
        if (best_cost == 0) break;
    }
    if (!best) return std::nullopt;
    CompactionPlan plan =
        build_plan(version, options, state, step,
                   widen(version, options, state, step, best, best_lower), best_lower);
    if (plan.move_only) {
        const uint64_t target = targets.bytes[static_cast<size_t>(level)];
        const uint64_t bytes = version.bytes(level);
        add_level_moves(version, options, state, bytes > target ? bytes - target : 0, plan);
    }
    if (!has_room(state, plan)) return std::nullopt;
    return plan;
}

/// Whether level 0 is due but has to wait for tables that are busy. Where it waits for room, it is
/// the levels below that have to give way.
bool level0_waits_for_tables(const Version& version, const LevelTargets& targets,
                             const PickerOptions& options, const PickerState& state) {
    if (version.files(0).size() < options.level0_trigger) return false;
    PickerState with_room = state;
    with_room.room_bytes = UINT64_MAX;
    return !merge_level0(version, targets, options, with_room).has_value();
}

std::optional<CompactionPlan> pick_by_score(const Version& version, const LevelTargets& targets,
                                            const PickerOptions& options,
                                            const PickerState& state) {
    // Nothing else may take more of the tables that level 0 waits for.
    const int reserved = level0_waits_for_tables(version, targets, options, state)
                             ? level0_output(version, targets)
                             : 0;
    std::array<std::pair<double, int>, kLevels> scores;
    for (int level = 0; level < kLevels; ++level) {
        scores[static_cast<size_t>(level)] = {
            level == 0 ? 0 : level_score(version, level, targets, options, state), level};
    }
    std::stable_sort(scores.begin(), scores.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [score, level] : scores) {
        if (score < 1) break;
        if (level == reserved) continue;
        auto plan = pick_level(version, level, targets, options, state);
        if (!plan) continue;
        char text[64];
        if (level < targets.base_level) {
            std::snprintf(text, sizeof text, "level %d is not needed any more", level);
        } else {
            std::snprintf(text, sizeof text, "level %d is at %.2f of its target", level, score);
        }
        plan->reason = text;
        return plan;
    }
    return std::nullopt;
}

/// At rest, or where the disk is short, level 0 and what lies above the last level should not take
/// much more room than the targets give them.
std::optional<CompactionPlan> pick_at_rest(const Version& version, const LevelTargets& targets,
                                           const PickerOptions& options, const PickerState& state) {
    if ((!state.at_rest && !state.wants_space) || version.files(0).empty()) return std::nullopt;
    uint64_t largest = 0;
    for (int level = 1; level < kLevels; ++level) {
        largest = std::max(largest, version.bytes(level));
    }
    const uint64_t above = version.total_bytes() - largest;
    // Not even a tenth more.
    if (above <= largest / options.ratio && !state.wants_space) return std::nullopt;
    auto plan = merge_level0(version, targets, options, state);
    if (plan) plan->reason = state.wants_space ? "the disk is short" : "the store is at rest";
    return plan;
}

}  // namespace

namespace {

/// As many of `group`, newest first, from the oldest on as there is room for: into the level above
/// `output_level`, which is free, if that is not level 0 itself; else with what they meet.
std::optional<CompactionPlan> merge_oldest(const Version& version, const PickerOptions& options,
                                           const PickerState& state,
                                           const std::vector<FileMetaPtr>& group,
                                           int output_level) {
    const LevelStep step{0, std::max(output_level - 1, 1)};
    std::optional<CompactionPlan> widest;
    for (size_t count = 1; count <= group.size(); ++count) {
        const std::vector<FileMetaPtr> upper(group.end() - static_cast<std::ptrdiff_t>(count),
                                             group.end());
        const Hull hull = Hull(*upper.front()).with(upper);
        const std::vector<FileMetaPtr> lower = overlapping(version, step.to, hull);
        if (any_busy(state, lower) || meets_running(state, step, hull.with(lower))) break;
        CompactionPlan plan = build_plan(version, options, state, step, upper, lower);
        if (!has_room(state, plan)) break;
        widest = std::move(plan);
    }
    if (widest) widest->is_urgent = true;
    return widest;
}

}  // namespace

std::optional<CompactionPlan> merge_level0(const Version& version, const LevelTargets& targets,
                                           const PickerOptions& options, const PickerState& state,
                                           const FileMetaPtr& seed) {
    const std::vector<FileMetaPtr> free = free_level0(version, state);
    if (free.empty()) return std::nullopt;
    const FileMetaPtr& first = seed != nullptr ? seed : free.back();
    if (std::find(free.begin(), free.end(), first) == free.end()) return std::nullopt;
    Hull hull(*first);
    std::vector<FileMetaPtr> upper;
    for (bool wider = true; wider;) {
        wider = false;
        upper.clear();
        for (const FileMetaPtr& file : free) {
            if (hull.meets(*file)) upper.push_back(file);
        }
        for (const FileMetaPtr& file : upper) wider |= hull.extend(*file);
    }
    const LevelStep step{0, level0_output(version, targets)};
    const std::vector<FileMetaPtr> lower = overlapping(version, step.to, hull);
    if (any_busy(state, lower) || meets_running(state, step, hull.with(lower))) {
        return std::nullopt;
    }
    CompactionPlan plan = build_plan(version, options, state, step, upper, lower);
    if (!has_room(state, plan)) return merge_oldest(version, options, state, upper, step.to);
    // A seed is wanted for what it holds and may be rewritten: others may not even be its
    // neighbours.
    if (plan.move_only && seed == nullptr) add_level0_moves(version, options, state, plan);
    plan.is_urgent = true;
    return plan;
}

double level_score(const Version& version, int level, const LevelTargets& targets,
                   const PickerOptions& options, const PickerState& state) {
    if (level >= kLastLevel) return 0;
    uint64_t tables = 0, bytes = 0;
    for (const FileMetaPtr& file : version.files(level)) {
        if (is_busy(state, file)) continue;
        ++tables;
        bytes += file->size_bytes;
    }
    if (level == 0) {
        return static_cast<double>(tables) / std::max<uint32_t>(options.level0_trigger, 1);
    }
    if (level < targets.base_level) return tables == 0 ? 0 : kStrayScore;
    return static_cast<double>(bytes) /
           static_cast<double>(targets.bytes[static_cast<size_t>(level)]);
}

bool level0_can_merge(const Version& version, const PickerOptions& options,
                      const PickerState& state) {
    const LevelTargets targets = level_targets(version, options.base_bytes, options.ratio);
    return merge_level0(version, targets, options, state).has_value();
}

uint64_t compaction_debt_bytes(const Version& version, const PickerOptions& options) {
    const LevelTargets targets = level_targets(version, options.base_bytes, options.ratio);
    uint64_t debt = 0;
    uint64_t arriving = 0;  // from the levels above
    if (version.files(0).size() >= options.level0_trigger) {
        arriving = version.bytes(0);
        debt = arriving + version.bytes(level0_output(version, targets));
    }
    for (int level = targets.base_level; level < kLastLevel; ++level) {
        const uint64_t bytes = version.bytes(level) + arriving;
        const uint64_t target = targets.bytes[static_cast<size_t>(level)];
        arriving = bytes > target ? bytes - target : 0;
        if (arriving == 0) continue;
        const double share = static_cast<double>(arriving) / static_cast<double>(bytes);
        const auto below = static_cast<double>(version.bytes(level + 1));
        debt += arriving + static_cast<uint64_t>(share * below);
    }
    return debt;
}

std::optional<CompactionPlan> pick_level0_merge(const Version& version,
                                                const PickerOptions& options,
                                                const PickerState& state) {
    return pick_level0(version, level_targets(version, options.base_bytes, options.ratio), options,
                       state);
}

std::optional<CompactionPlan> pick_compaction(const Version& version, const PickerOptions& options,
                                              const PickerState& state) {
    const LevelTargets targets = level_targets(version, options.base_bytes, options.ratio);
    if (auto plan = pick_level0_moves(version, targets, options, state)) return plan;
    if (auto plan = pick_level0(version, targets, options, state)) return plan;
    if (auto plan = pick_by_score(version, targets, options, state)) return plan;
    if (auto plan = pick_early(version, targets, options, state)) return plan;
    return pick_at_rest(version, targets, options, state);
}

}  // namespace kv
