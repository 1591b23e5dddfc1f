// level_targets: how large each level should be, worked out from the last level upwards.
//
// The last level holds nearly all of the data and has no target. Each level above is meant to hold
// a tenth of the one below it, down to the base level: the first one that a target of at most
// `base_bytes` suffices for. The levels between level 0 and the base level stay empty, so a small
// store is one sorted level, and what lies above the last level is at most about a ninth of it.
// Callers: the picker and the statistics. Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "version/version.h"

namespace kv {

inline constexpr int kLastLevel = kLevels - 1;

struct LevelTargets {
    /// The first level that should hold tables, besides level 0.
    int base_level = kLastLevel;
    /// UINT64_MAX for the last level; 0 for those above the base level.
    std::array<uint64_t, kLevels> bytes{};
};

/// Requires ratio >= 2.
LevelTargets level_targets(const Version& version, uint64_t base_bytes, uint32_t ratio);

/// Where a merge of level 0 puts its outputs: the base level, or a level above it that still holds
/// tables from when the targets were others; nothing lies between.
int level0_output(const Version& version, const LevelTargets& targets);

/// Where a merge of `level` (1 up to the last but one) puts its outputs. No level between holds a
/// table.
int output_level_of(const Version& version, const LevelTargets& targets, int level);

}  // namespace kv
