// Tables worth rewriting before their level asks for it: those that hold mostly tombstones, or
// mostly entries that have expired. See picker.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "compaction/plan_builder.h"

namespace kv {

namespace {

/// Share of a table's entries that must be dead weight: below it, a rewrite costs more than it
/// gives back.
constexpr double kWorthRewriting = 0.4;
/// Where the disk is short, any share is worth it.
constexpr double kAnything = 1e-9;

double tombstone_share(const FileMeta& file) {
    const uint64_t entries = file.entries + file.range_tombstones;
    const uint64_t tombstones = file.tombstones + file.range_tombstones;
    return static_cast<double>(tombstones) / static_cast<double>(std::max<uint64_t>(entries, 1));
}

/// Share of the entries that expire at all. Tables from before this was counted: all of them.
double expiring_share(const FileMeta& file) {
    if (file.earliest_expiry_ms == 0) return 0;
    if (file.expiring == 0) return 1;
    return static_cast<double>(file.expiring) /
           static_cast<double>(std::max<uint64_t>(file.entries, 1));
}

/// Expiry times are taken as spread evenly between the earliest and the latest.
double expired_share(const FileMeta& file, uint64_t now_ms) {
    if (file.earliest_expiry_ms == 0 || now_ms < file.earliest_expiry_ms) return 0;
    if (now_ms >= file.latest_expiry_ms) return expiring_share(file);
    const auto passed = static_cast<double>(now_ms - file.earliest_expiry_ms);
    const auto all = static_cast<double>(file.latest_expiry_ms - file.earliest_expiry_ms);
    return expiring_share(file) * passed / all;
}

bool is_worth_rewriting(const FileMeta& file, const PickerState& state, double least_share) {
    if (file.largest_seqno > state.oldest_read) return false;
    return tombstone_share(file) + expired_share(file, state.now_ms) >= least_share;
}

std::string reason_for(const FileMeta& file, const PickerState& state) {
    char text[96];
    std::snprintf(text, sizeof text, "%.0f %% of table %llu are tombstones, %.0f %% have expired",
                  100 * tombstone_share(file), static_cast<unsigned long long>(file.number),
                  100 * expired_share(file, state.now_ms));
    return text;
}

std::optional<CompactionPlan> plan_rewrite(const Version& version, const LevelTargets& targets,
                                           const PickerOptions& options, const PickerState& state,
                                           int level, const FileMetaPtr& file) {
    const bool is_last = level == kLastLevel;
    const LevelStep step{level, is_last ? level : output_level_of(version, targets, level)};
    std::vector<FileMetaPtr> lower;
    if (!is_last) lower = overlapping(version, step.to, Hull(*file));
    if (any_busy(state, lower) || meets_running(state, step, Hull(*file).with(lower))) {
        return std::nullopt;
    }
    CompactionPlan plan = build_plan(version, options, state, step, {file}, lower);
    plan.move_only = false;  // what is dead would only be carried along
    if (!has_room(state, plan)) return std::nullopt;
    plan.reason = reason_for(*file, state);
    return plan;
}

/// Level 0 is merged for what one of its tables holds only where that drags along little of the
/// level below, or nobody else wants the disk.
std::optional<CompactionPlan> rewrite_level0(const Version& version, const LevelTargets& targets,
                                             const PickerOptions& options, const PickerState& state,
                                             double least_share) {
    for (const FileMetaPtr& file : version.files(0)) {
        if (is_busy(state, file) || !is_worth_rewriting(*file, state, least_share)) continue;
        auto plan = merge_level0(version, targets, options, state, file);
        if (!plan) continue;
        uint64_t upper = 0;
        for (const PlanInput& input : plan->inputs) {
            if (input.level == 0) upper += input.file->size_bytes;
        }
        const bool is_cheap = plan->input_bytes() <= 2 * upper;
        if (!is_cheap && !state.at_rest && !state.wants_space) continue;
        plan->move_only = false;
        if (!has_room(state, *plan)) continue;
        plan->reason = reason_for(*file, state);
        return plan;
    }
    return std::nullopt;
}

std::optional<CompactionPlan> pick_worth(const Version& version, const LevelTargets& targets,
                                         const PickerOptions& options, const PickerState& state,
                                         double least_share) {
    // What is dead higher up hides something further down, so that goes first.
    if (auto plan = rewrite_level0(version, targets, options, state, least_share)) return plan;
    for (int level = 1; level < kLevels; ++level) {
        for (const FileMetaPtr& file : version.files(level)) {
            if (is_busy(state, file) || !is_worth_rewriting(*file, state, least_share)) continue;
            if (auto plan = plan_rewrite(version, targets, options, state, level, file)) {
                return plan;
            }
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<CompactionPlan> pick_early(const Version& version, const LevelTargets& targets,
                                         const PickerOptions& options, const PickerState& state) {
    auto plan = pick_worth(version, targets, options, state, kWorthRewriting);
    if (!plan && state.wants_space) plan = pick_worth(version, targets, options, state, kAnything);
    return plan;
}

uint64_t next_expiry_work_ms(const Version& version, uint64_t now_ms) {
    uint64_t next = UINT64_MAX;
    for (int level = 1; level < kLevels; ++level) {
        for (const FileMetaPtr& file : version.files(level)) {
            const double needed = kWorthRewriting - tombstone_share(*file);
            const double expiring = expiring_share(*file);
            if (needed <= 0 || expiring < needed) continue;
            const uint64_t latest = std::max(file->latest_expiry_ms, file->earliest_expiry_ms);
            const auto spread = static_cast<double>(latest - file->earliest_expiry_ms);
            const uint64_t due = file->earliest_expiry_ms +
                                 static_cast<uint64_t>(std::ceil(spread * needed / expiring));
            if (due > now_ms) next = std::min(next, due);
        }
    }
    return next;
}

}  // namespace kv
