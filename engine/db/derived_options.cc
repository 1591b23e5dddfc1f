// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/derived_options.h"

#include <algorithm>

#include "db/memory_budget.h"
#include "kv/executor.h"

namespace kv::db {

namespace {

/// By which a level's filters are more exact than those of the next level, which holds ten times as
/// much. The least false positives for the memory are at ln(10) / ln(2)^2 = 4.8 (Dayan,
/// Athanassoulis and Idreos, "Monkey: Optimal Navigable Key-Value Store", 2017); 4 keeps all
/// filters together within 5 % of 10 bits in every level: 4 * (0.09 + 2 * 0.009 + ...) bits more.
constexpr uint32_t kFilterBitsPerLevel = 4;
/// With seven probes of one cache line more bits gain little: of the keys that are not there 0.97 %
/// pass at 10 bits, 0.20 % at 14, 0.055 % at 18, 0.032 % at 20 and 0.013 % at 24.
constexpr uint32_t kMostFilterBits = 20;

/// The levels below level 0 that hold tables, or are about to.
struct LevelsInUse {
    int first = 0;
    int last = 0;
};

LevelsInUse levels_in_use(const Options& options, const Version& version, int output_level) {
    const PickerOptions picker = picker_options(options);
    LevelsInUse levels;
    levels.first = level0_output(version, level_targets(version, picker.base_bytes, picker.ratio));
    levels.last = std::max(levels.first, output_level);
    for (int level = levels.last + 1; level < kLevels; ++level) {
        if (!version.files(level).empty()) levels.last = level;
    }
    return levels;
}

Codec codec_of(Compression compression, const LevelsInUse& levels, int level) {
    const bool is_last = level == levels.last;
    const bool is_hot = level == 0 || (level <= levels.first && !is_last);
    if (compression == Compression::kNone || is_hot) return Codec::kNone;
    return compression == Compression::kZstd && is_last ? Codec::kZstd : Codec::kLz4;
}

uint32_t filter_bits(uint32_t last_level_bits, const LevelsInUse& levels, int level) {
    if (last_level_bits == 0 || level == levels.last) return last_level_bits;
    // Each table of level 0 is asked on its own and holds about a tenth of what the first level
    // does, so that level 0 stands as a level of its own above one more.
    const int above_last = level == 0 ? levels.last - levels.first + 2 : levels.last - level;
    const uint32_t bits = last_level_bits + kFilterBitsPerLevel * static_cast<uint32_t>(above_last);
    return std::max(last_level_bits, std::min(bits, kMostFilterBits));
}

}  // namespace

PickerOptions picker_options(const Options& options) {
    return {.level0_trigger = options.level0_compaction_trigger,
            .base_bytes = options.level1_bytes,
            .ratio = 10,
            .table_bytes = options.table_bytes};
}

TableOptions table_options(const Options& options, TableReason reason, const Version& version,
                           int level) {
    const LevelsInUse levels = levels_in_use(options, version, level);
    TableOptions table;
    table.block_size_bytes = options.block_size_bytes;
    table.bloom_bits_per_key = filter_bits(options.bloom_bits_per_key, levels, level);
    table.codec = codec_of(options.compression, levels, level);
    table.reason = reason;
    return table;
}

uint32_t compaction_threads(const Options& options) {
    if (options.compaction_threads != 0) return options.compaction_threads;
    // A caller's executor has as many threads as it has, and a test's schedule must not depend on
    // the machine.
    if (options.executor != nullptr) return 1;
    // Half, so that the serving threads keep theirs; beyond four the disk is what limits.
    const uint32_t by_cores = std::clamp(hardware_threads() / 2, 1U, 4U);
    // Side by side they hold an eighth of the memory budget at most; one of them may hold more.
    const uint64_t by_memory = options.memory_budget_bytes / 8 / compaction_memory_bytes(options);
    return static_cast<uint32_t>(std::clamp<uint64_t>(by_memory, 1, by_cores));
}

}  // namespace kv::db
