// The steps of a full compaction, as text: after each plan the tables it names are replaced by one
// new table of the output level, until nothing is left to do.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compaction/version_text.h"
#include "record/internal_key.h"

namespace kv {
namespace {

using test::parse_version;
using test::plan_text;

PickerOptions small_options() {
    PickerOptions options;
    options.base_bytes = 100;
    options.table_bytes = 10;
    return options;
}

/// What a plan makes of a version: each input gives an output of the same keys, newly numbered;
/// level 0 tables give none, as if all of their keys were in the tables below.
Version carry_out(const Version& before, const CompactionPlan& plan, uint64_t& next_number) {
    VersionEdit edit;
    FileMeta merged;
    for (const PlanInput& input : plan.inputs) {
        edit.remove(input.level, input.file->number);
        FileMeta meta = *input.file;
        if (plan.move_only) {
            edit.add(plan.output_level, meta);
            continue;
        }
        if (merged.number == 0) {
            merged = meta;
            merged.number = next_number++;
        }
        if (meta.smallest_user_key() < merged.smallest_user_key()) merged.smallest = meta.smallest;
        if (meta.largest_user_key() > merged.largest_user_key()) merged.largest = meta.largest;
        merged.smallest_seqno = std::min(merged.smallest_seqno, meta.smallest_seqno);
        merged.largest_seqno = std::max(merged.largest_seqno, meta.largest_seqno);
    }
    if (merged.number != 0) edit.add(plan.output_level, merged);
    const auto after = before.with_edit(edit, nullptr);
    REQUIRE(after.is_ok());
    return **after;
}

std::string steps(const std::string& levels, std::set<uint64_t> busy = {}) {
    Version version = parse_version(levels);
    const FullCompaction full{version.largest_seqno(), 100};
    uint64_t next_number = 100;
    std::string text;
    for (int step = 0; step < 50; ++step) {
        bool blocked = false;
        const auto plan =
            pick_full_step(version, full, small_options(), {busy, false, 0, 0}, &blocked);
        if (!plan) return text + (blocked ? "blocked" : "done");
        CHECK_FALSE(blocked);
        text += plan_text(plan) + "; ";
        version = carry_out(version, *plan, next_number);
    }
    return text + "no end";
}

}  // namespace

TEST_CASE("full compaction: an empty store is done") { CHECK(steps("") == "done"); }

TEST_CASE("full compaction: a small store is merged in one step") {
    CHECK(steps("0: 8[a-b]10 7[a-d]10\n6: 3[a-c]10") == "0:8 0:7 6:3 -> 6; done");
}

TEST_CASE("full compaction: each level sinks into the next, table by table") {
    CHECK(steps("0: 9[a-z]10 8[a-z]10\n5: 5[a-m]50 6[n-z]50\n6: 1[a-m]500 2[n-z]500") ==
          "0:9 0:8 5:5 5:6 -> 5 below 1 2; 5:100 6:1 6:2 -> 6; done");
    CHECK(steps("5: 5[a-m]50 6[n-z]50\n6: 1[a-m]500 2[n-z]500") ==
          "5:5 6:1 -> 6; 5:6 6:2 -> 6; done");
}

TEST_CASE("full compaction: tables of the last level that nothing met are rewritten at the end") {
    CHECK(steps("6: 1[a-c]10 2[d-f]10") == "6:1 6:2 -> 6; done");
    CHECK(steps("5: 5[a-c]10\n6: 1[a-c]500 2[d-f]500 3[x-z]10") ==
          "5:5 6:1 -> 6; 6:2 6:3 -> 6; done");
    // One that is moved is rewritten there.
    CHECK(steps("0: 8[a-b]10") == "move 0:8 -> 6; 6:8 -> 6; done");
}

TEST_CASE("full compaction: what was written since is left alone") {
    const Version version = parse_version("0: 9[a-z]10\n6: 101[a-z]10");
    bool blocked = false;
    CHECK_FALSE(pick_full_step(version, {80, 100}, small_options(), {}, &blocked));
    CHECK_FALSE(blocked);
}

TEST_CASE("full compaction: a busy table makes it wait, or go on elsewhere") {
    CHECK(steps("0: 8[a-b]10", {8}) == "blocked");
    CHECK(steps("6: 1[a-c]10 2[d-f]10", {1}) == "6:2 -> 6; blocked");
    CHECK(steps("5: 5[a-m]50 6[n-z]50\n6: 1[a-m]500 2[n-z]500", {5}) == "5:6 6:2 -> 6; blocked");
}

}  // namespace kv
