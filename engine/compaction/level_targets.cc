// Sizes of levels: see level_targets.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/level_targets.h"

#include <algorithm>

#include "kv/assert.h"

namespace kv {

namespace {

/// The first level below `level` that holds a table; kLevels when there is none.
int next_in_use(const Version& version, int level) {
    int next = level + 1;
    while (next < kLevels && version.files(next).empty()) ++next;
    return next;
}

}  // namespace

LevelTargets level_targets(const Version& version, uint64_t base_bytes, uint32_t ratio) {
    KV_ASSERT(ratio >= 2);
    // The largest level stands for the last one where the data has not sunk that far yet.
    uint64_t bytes = 0;
    for (int level = 1; level < kLevels; ++level) bytes = std::max(bytes, version.bytes(level));
    LevelTargets targets;
    targets.bytes.fill(0);
    targets.bytes[kLastLevel] = UINT64_MAX;
    for (int level = kLastLevel; bytes > base_bytes && level > 1;) {
        --level;
        bytes /= ratio;
        targets.bytes[static_cast<size_t>(level)] = std::max<uint64_t>(bytes, 1);
        targets.base_level = level;
    }
    return targets;
}

int level0_output(const Version& version, const LevelTargets& targets) {
    return std::min(next_in_use(version, 0), targets.base_level);
}

int output_level_of(const Version& version, const LevelTargets& targets, int level) {
    KV_ASSERT(level >= 1 && level < kLastLevel);
    const int next = next_in_use(version, level);
    if (next == kLevels) return kLastLevel;
    return level < targets.base_level ? std::min(next, targets.base_level) : level + 1;
}

}  // namespace kv
