// Level sizes, as tables of text: a table set, the targets expected from the base level down.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/level_targets.h"

#include <catch2/catch.hpp>

#include "compaction/version_text.h"

namespace kv {
namespace {

/// `5:10 4:1`: targets from the last level but one up to the base level; `6` when that is the last.
std::string targets_text(const std::string& levels) {
    const LevelTargets targets = level_targets(test::parse_version(levels), 100, 10);
    std::string text;
    for (int level = kLastLevel - 1; level >= targets.base_level; --level) {
        text += std::to_string(level) + ":" +
                std::to_string(targets.bytes[static_cast<size_t>(level)]) + " ";
    }
    return text.empty() ? std::to_string(targets.base_level) : text;
}

}  // namespace

TEST_CASE("level targets: a small store is one level") {
    CHECK(targets_text("") == "6");
    CHECK(targets_text("0: 1[a-z]5000") == "6");
    CHECK(targets_text("6: 1[a-z]100") == "6");
}

TEST_CASE("level targets: each level is a tenth of the one below, up to the first small enough") {
    CHECK(targets_text("6: 1[a-z]101") == "5:10 ");
    CHECK(targets_text("6: 1[a-z]1000") == "5:100 ");
    CHECK(targets_text("6: 1[a-z]1010") == "5:101 4:10 ");
    CHECK(targets_text("6: 1[a-z]100000000") == "5:10000000 4:1000000 3:100000 2:10000 1:1000 ");
}

TEST_CASE("level targets: the largest level counts, wherever it is") {
    CHECK(targets_text("2: 1[a-z]1000\n6: 2[a-b]10") == "5:100 ");
}

TEST_CASE("level targets: levels above the base level are meant to be empty") {
    const LevelTargets targets = level_targets(test::parse_version("6: 1[a-z]1000"), 100, 10);
    CHECK(targets.base_level == 5);
    CHECK(targets.bytes[4] == 0);
    CHECK(targets.bytes[6] == UINT64_MAX);
}

}  // namespace kv
