// Picking, as tables of text: a table set, what is busy, the plan expected. Level 6 is the last and
// has no target; a base level may hold 100 bytes, a full table has 10. See version_text.h for the
// notation.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/picker.h"

#include <catch2/catch.hpp>
#include <random>

#include "compaction/version_text.h"
#include "support/seed.h"

namespace kv {
namespace {

using test::parse_version;
using test::plan_text;

PickerOptions small_options() {
    PickerOptions options;
    options.level0_trigger = 4;
    options.base_bytes = 100;
    options.table_bytes = 10;
    return options;
}

std::string pick(const std::string& levels, std::set<uint64_t> busy = {}) {
    return plan_text(pick_compaction(parse_version(levels), small_options(), {std::move(busy)}));
}

}  // namespace

TEST_CASE("picker: an empty or satisfied table set asks for nothing") {
    CHECK(pick("") == "none");
    CHECK(pick("0: 3[a-z]10 2[a-z]10 1[a-z]10") == "none");
    CHECK(pick("5: 1[a-m]50 2[n-z]48\n6: 3[a-z]990") == "none");
}

TEST_CASE("picker: level 0 is merged whole when its tables overlap, newest first") {
    CHECK(pick("0: 4[a-f]10 3[e-m]10 2[c-z]10 1[a-c]10\n"
               "6: 5[a-b]10 6[d-e]10 7[x-z]10") == "0:4 0:3 0:2 0:1 6:5 6:6 6:7 -> 6");
}

TEST_CASE("picker: level 0 tables join transitively, the rest stays") {
    // 1 meets 2 and 2 meets 4; 3 stands alone.
    CHECK(pick("0: 4[f-h]10 3[x-z]10 2[c-g]10 1[a-d]10\n6: 9[i-j]10 8[h-h]10") ==
          "0:4 0:2 0:1 6:8 -> 6");
}

TEST_CASE("picker: level 0 tables over nothing are moved together, in one edit") {
    CHECK(pick("0: 4[g-h]10 3[e-f]10 2[c-d]10 1[a-b]10\n6: 9[x-z]10") ==
          "move 0:4 0:3 0:2 0:1 -> 6");
    // 3 meets what lies below, so it and what is newer stay.
    CHECK(pick("0: 4[g-h]10 3[e-f]10 2[c-d]10 1[a-b]10\n6: 9[f-z]10") == "move 0:2 0:1 -> 6");
}

TEST_CASE(
    "picker: level 0 tables over nothing leave before the trigger, if they are worth an edit") {
    CHECK(pick("0: 1[a-b]10") == "none");
    CHECK(pick("0: 2[c-d]10 1[a-b]10") == "move 0:2 0:1 -> 6");
    CHECK(pick("0: 3[e-f]10 2[c-d]10 1[a-b]10\n6: 9[f-z]10") == "move 0:2 0:1 -> 6");
    // What spans them all came first: they stay, and wait for the merge.
    CHECK(pick("0: 3[a-z]10 2[c-d]10 1[a-b]10") == "none");
    CHECK(pick("0: 2[c-d]10 1[a-b]10\n6: 9[a-a]10") == "none");
    CHECK(pick("0: 2[c-d]10 1[a-b]10", {2}) == "none");
    PickerOptions options = small_options();
    options.level0_trigger = 12;
    const Version three = parse_version("0: 4[g-h]10 3[e-f]10 2[c-d]10\n6: 1[a-b]10");
    const auto moves = pick_compaction(three, options, {});
    CHECK(plan_text(moves) == "move 0:4 0:3 0:2 -> 6");
    CHECK(moves->is_urgent);  // else it would be in the way of a merge of level 0 while all is busy
    const Version two = parse_version("0: 3[e-f]10 2[c-d]10\n6: 1[a-b]10");
    CHECK(plan_text(pick_compaction(two, options, {})) == "none");
}

TEST_CASE("picker: level 0 never moves past a table that shares one boundary key") {
    CHECK(pick("0: 4[g-h]10 3[e-f]10 2[c-d]10 1[a-b]10\n6: 9[b-z]10") == "0:1 6:9 -> 6");
}

TEST_CASE("picker: level 0 waits for busy partners, and nothing sinks past a busy table") {
    const std::string levels = "0: 4[a-c]10 3[a-c]10 2[x-z]10 1[a-z]10\n6: 9[c-d]10";
    CHECK(pick(levels, {1}) == "none");
    CHECK(pick(levels, {9}) == "none");
    CHECK(pick(levels, {77}) == "0:4 0:3 0:2 0:1 6:9 -> 6");
    // Only what is older than the busy table, or does not meet it, may go.
    CHECK(pick(levels, {3}) == "0:2 0:1 6:9 -> 6");
    CHECK(pick("0: 4[a-c]10 3[g-h]10 2[x-z]10 1[a-d]10\n6: 9[h-i]10", {1}) == "move 0:2 -> 6");
}

TEST_CASE("picker: level 0 comes before a fuller level, which does not take its partners") {
    const std::string levels =
        "0: 4[a-z]10 3[a-z]10 2[a-z]10 1[a-z]10\n5: 9[c-d]500 8[x-z]10\n6: 7[a-z]1000";
    CHECK(pick(levels) == "0:4 0:3 0:2 0:1 5:9 5:8 -> 5 below 7");
    CHECK(pick(levels, {8}) == "none");
}

TEST_CASE("picker: level 0 goes to the base level, or to a level above it that is in use") {
    const std::string level0 = "0: 4[a-z]10 3[a-z]10 2[a-z]10 1[a-z]10\n";
    CHECK(pick(level0) == "0:4 0:3 0:2 0:1 -> 6");
    CHECK(pick(level0 + "6: 9[a-z]100") == "0:4 0:3 0:2 0:1 6:9 -> 6");
    CHECK(pick(level0 + "6: 9[a-z]101") == "0:4 0:3 0:2 0:1 -> 5 below 9");
    CHECK(pick(level0 + "6: 9[a-z]1010") == "0:4 0:3 0:2 0:1 -> 4");
    CHECK(pick(level0 + "2: 9[b-c]101") == "0:4 0:3 0:2 0:1 2:9 -> 2");
}

TEST_CASE("picker: a full level gives up the table with the least overlap below") {
    CHECK(pick("5: 1[a-c]40 2[d-f]40 3[g-i]40\n"
               "6: 4[a-a]300 5[b-c]300 6[d-e]200 7[h-h]300") == "5:2 6:6 -> 6");
}

TEST_CASE("picker: overlap is weighed against the size of the table that moves") {
    // Table 1 drags 400 bytes for 80 of its own, table 2 drags 80 for 20.
    CHECK(pick("5: 1[a-c]80 2[d-f]20\n6: 4[a-c]400 5[d-f]80") == "5:2 6:5 -> 6");
}

TEST_CASE("picker: tables that meet nothing more below join the merge") {
    CHECK(pick("5: 1[a-c]40 2[d-f]20 3[g-i]20\n6: 4[a-f]60 5[g-z]500") == "5:1 5:2 6:4 -> 6");
}

TEST_CASE("picker: the level furthest beyond its target goes first") {
    CHECK(pick("4: 1[a-c]150\n5: 2[a-c]300\n6: 3[a-c]2000") == "4:1 5:2 -> 5 below 3");
    CHECK(pick("4: 1[a-c]25\n5: 2[a-c]300\n6: 3[a-c]2000") == "5:2 6:3 -> 6");
}

TEST_CASE("picker: busy tables and tables above busy ones are passed over") {
    const std::string levels = "5: 1[a-c]90 2[d-f]90 3[g-i]90\n6: 4[a-c]200 5[d-f]201 6[g-i]202";
    CHECK(pick(levels) == "5:1 6:4 -> 6");
    CHECK(pick(levels, {1}) == "5:2 6:5 -> 6");
    CHECK(pick(levels, {4}) == "5:2 6:5 -> 6");
    CHECK(pick(levels, {4, 5, 6}) == "none");
}

TEST_CASE("picker: busy bytes no longer count against their level") {
    CHECK(pick("5: 1[a-c]60 2[d-f]60\n6: 3[a-z]700", {1}) == "none");
}

TEST_CASE("picker: tables are moved where nothing overlaps, unless too much lies below") {
    CHECK(pick("4: 1[a-z]200\n6: 5[a-m]50 6[n-z]1050") == "4:1 -> 5 below 5 6");
    CHECK(pick("4: 1[a-m]200\n6: 5[a-m]50 6[n-z]1050") == "move 4:1 -> 5 below 5");
    // As many as are too many, in one edit.
    CHECK(pick("5: 1[a-b]50 2[c-d]50 3[e-f]50 4[g-h]50\n6: 9[x-z]1000") == "move 5:1 5:2 -> 6");
}

TEST_CASE("picker: a level above the base level is emptied, past levels that hold nothing") {
    // A store of another program, or of other options: all in levels 1 and 2.
    CHECK(pick("1: 1[a-m]50\n2: 2[a-m]500 3[n-z]500") == "1:1 2:2 -> 2");
    CHECK(pick("2: 2[a-m]500 3[n-z]500") == "move 2:2 2:3 -> 6");
    CHECK(pick("2: 1[n-z]50\n6: 2[a-m]800 3[n-z]80") == "move 2:1 -> 5 below 3");
}

TEST_CASE("picker: at rest, a level 0 that takes much room is merged whatever its size") {
    const auto pick_at_rest = [](const std::string& levels) {
        PickerState state;
        state.at_rest = true;
        return plan_text(pick_compaction(parse_version(levels), small_options(), state));
    };
    CHECK(pick_at_rest("6: 1[a-z]50") == "none");
    CHECK(pick_at_rest("0: 2[a-z]1\n6: 1[a-z]50") == "none");
    CHECK(pick_at_rest("0: 2[a-z]6\n6: 1[a-z]50") == "0:2 6:1 -> 6");
    CHECK(pick_at_rest("0: 2[a-z]6") == "move 0:2 -> 6");
}

TEST_CASE(
    "picker: a level 0 table of tombstones leaves early where little lies below, or at rest") {
    const auto pick_dead = [](const std::string& levels, bool at_rest, bool wants_space = false,
                              uint32_t level0_trigger = 4) {
        const Version version = parse_version(levels);
        std::array<std::vector<FileMetaPtr>, kLevels> files;
        for (int level = 0; level < kLevels; ++level) files[level] = version.files(level);
        FileMeta dead = *files[0].back();  // the oldest
        dead.tombstones = dead.entries;
        files[0].back() = std::make_shared<const FileMeta>(dead);
        PickerState state;
        state.oldest_read = 1000;
        state.at_rest = at_rest;
        state.wants_space = wants_space;
        PickerOptions options = small_options();
        options.level0_trigger = level0_trigger;
        return plan_text(pick_compaction(Version(files), options, state));
    };
    CHECK(pick_dead("0: 2[a-f]1\n6: 1[x-z]50", false) == "0:2 -> 6");
    CHECK(pick_dead("0: 2[a-f]1\n6: 1[a-c]1", false) == "0:2 6:1 -> 6");
    CHECK(pick_dead("0: 2[a-f]1\n6: 1[a-c]50", false) == "none");
    CHECK(pick_dead("0: 2[a-f]1\n6: 1[a-c]50", true) == "0:2 6:1 -> 6");
    CHECK(pick_dead("0: 2[a-f]1\n6: 1[a-c]50", false, true) == "0:2 6:1 -> 6");
    // With what meets it, but not with others, though they could leave as well.
    CHECK(pick_dead("0: 4[c-d]1 3[x-z]1 2[a-c]1\n6: 1[m-n]50", false) == "0:4 0:2 -> 6");
    CHECK(pick_dead("0: 3[x-z]1 2[a-c]1\n6: 1[m-n]50", false, false, 16) == "0:2 -> 6");
    CHECK(pick_dead("0: 3[x-z]1 2[a-c]1\n6: 1[m-n]50", false, true, 16) == "0:2 -> 6");
}

namespace {

std::string pick_in_room(const std::string& levels, uint64_t room_bytes, bool wants_space = false) {
    PickerState state;
    state.room_bytes = room_bytes;
    state.wants_space = wants_space;
    return plan_text(pick_compaction(parse_version(levels), small_options(), state));
}

}  // namespace

TEST_CASE("picker: a merge that has no room beside its inputs gives way to a narrower one") {
    const std::string level0 = "0: 4[a-z]10 3[a-z]10 2[a-z]10 1[a-z]10\n";
    CHECK(pick_in_room(level0 + "6: 9[a-z]90", 130) == "0:4 0:3 0:2 0:1 6:9 -> 6");
    // Into the free level above, where it meets nothing.
    CHECK(pick_in_room(level0 + "6: 9[a-z]90", 129) == "0:4 0:3 0:2 0:1 -> 5 below 9");
    CHECK(pick_in_room(level0 + "6: 9[a-z]90", 39) == "0:3 0:2 0:1 -> 5 below 9");
    CHECK(pick_in_room(level0 + "6: 9[a-z]90", 9) == "none");
    // There is no level above level 1.
    CHECK(pick_in_room(level0 + "1: 9[a-z]50\n6: 8[a-z]90", 60) == "0:1 1:9 -> 1");
    // Another table, if the one with the least overlap is too much.
    CHECK(pick_in_room("5: 1[a-c]80 2[d-f]20\n6: 4[a-c]400 5[d-f]80", 99) == "none");
    CHECK(pick_in_room("5: 1[a-c]80 2[d-f]20\n6: 4[a-c]160 5[d-f]80", 100) == "5:2 6:5 -> 6");
}

TEST_CASE("picker: a level gives way where level 0 waits for room, not where it waits for tables") {
    const std::string levels =
        "0: 4[a-z]10 3[a-z]10 2[a-z]10 1[a-z]10\n1: 9[a-z]55\n6: 8[a-b]4 7[y-z]4";
    CHECK(pick_in_room(levels, 95) == "0:4 0:3 0:2 0:1 1:9 -> 1");
    CHECK(pick_in_room(levels, 65) == "0:1 1:9 -> 1");
    CHECK(pick_in_room(levels, 64) == "1:9 6:8 6:7 -> 6");
    CHECK(pick_in_room(levels, 64, true) == "1:9 6:8 6:7 -> 6");
    CHECK(pick_in_room(levels, 62, true) == "none");
    CHECK(pick(levels, {1}) == "none");
}

TEST_CASE("picker: where the disk is short, level 0 is merged whatever its size") {
    CHECK(pick_in_room("0: 2[a-z]1\n6: 1[a-z]50", 100) == "none");
    CHECK(pick_in_room("0: 2[a-z]1\n6: 1[a-z]50", 100, true) == "0:2 6:1 -> 6");
    CHECK(pick_in_room("6: 1[a-z]50", 100, true) == "none");
}

TEST_CASE("picker: debt is what must move, and none in a satisfied set") {
    const PickerOptions options = small_options();
    CHECK(compaction_debt_bytes(parse_version("0: 1[a-z]50\n6: 2[a-z]100"), options) == 0);
    // 50 of 150 are too many in level 5, and a third of level 6 with them.
    CHECK(compaction_debt_bytes(parse_version("5: 2[a-z]150\n6: 3[a-z]1000"), options) == 50 + 333);
    // Level 0 with all of level 5; then the 40 of 140 that are too many there.
    CHECK(compaction_debt_bytes(
              parse_version("0: 4[a-z]10 3[a-z]10 2[a-z]10 1[a-z]10\n5: 5[a-z]100\n6: 6[a-z]1000"),
              options) == 40 + 100 + 40 + 285);
}

namespace {

/// What is picked while the first step of a full compaction of `before` runs.
std::string pick_beside_full_step(const std::string& before, const std::string& now) {
    bool blocked = false;
    const auto step =
        pick_full_step(parse_version(before), {1000, 100}, small_options(), {}, &blocked);
    REQUIRE(step.has_value());
    PickerState state;
    state.running = {&*step};
    for (const uint64_t number : step->input_numbers()) state.busy.insert(number);
    return plan_text(pick_compaction(parse_version(now), small_options(), state));
}

}  // namespace

TEST_CASE("picker: the gaps between the inputs of a running job belong to it") {
    const std::string last = "6: 1[a-c]10 2[m-o]10";
    const auto level0 = [&](const std::string& keys) {
        std::string text = "0:";
        for (const char number : {'9', '8', '7', '6'}) {
            text.append(" ").append(1, number).append("[" + keys + "]10");
        }
        return text + "\n" + last;
    };
    CHECK(pick_beside_full_step(last, level0("d-f")) == "none");
    CHECK(pick_beside_full_step(last, level0("d-x")) == "none");
    CHECK(pick_beside_full_step(last, level0("p-x")) == "0:9 0:8 0:7 0:6 -> 6");
    CHECK(pick_beside_full_step(last, "5: 5[d-f]200\n" + last) == "none");
    CHECK(pick_beside_full_step(last, "5: 5[d-f]200 6[p-q]200\n" + last) == "move 5:6 -> 6");
    // Not where the running job writes, nor past it.
    CHECK(pick_beside_full_step(last, "4: 5[d-f]200\n5: 7[g-h]1\n6: 1[a-c]600 2[m-o]600") ==
          "move 4:5 -> 5");
}

TEST_CASE("full compaction: a step does not reach over what a running job may write") {
    const Version version = parse_version("5: 5[g-h]200\n6: 1[a-c]10 2[m-o]10");
    const auto move = pick_compaction(version, small_options(), {});
    REQUIRE(plan_text(move) == "move 5:5 -> 6");
    PickerState state{{5}, false, 0, 0, {&*move}};
    bool blocked = false;
    CHECK(plan_text(pick_full_step(version, {1000, 100}, small_options(), state, &blocked)) ==
          "none");
    CHECK(blocked);
}

// What every plan promises (picker.h), checked on random table sets. Row 10 of the list of bugs:
// a user key's tables are never separated.
TEST_CASE("picker: no plan leaves a table behind that meets its inputs") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto key = [](uint64_t n) { return std::string{char('a' + n / 26), char('a' + n % 26)}; };
    for (int round = 0; round < 300; ++round) {
        std::string text = "0:";
        uint64_t number = 100;
        for (uint64_t i = random() % 8; i > 0; --i) {
            const uint64_t a = random() % 600, b = a + random() % 60;
            text += " " + std::to_string(--number) + "[" + key(a) + "-" + key(b) + "]10";
        }
        for (int level = 1; level < 5; ++level) {
            text += "\n" + std::to_string(level) + ":";
            for (uint64_t at = random() % 50; at < 600; at += 1 + random() % 90) {
                const uint64_t end = at + random() % 40;
                text += " " + std::to_string(--number) + "[" + key(at) + "-" + key(end) + "]" +
                        std::to_string(10 + random() % 40);
                at = end;
            }
        }
        CAPTURE(text);
        const Version version = parse_version(text);
        std::set<uint64_t> busy;
        for (int i = 0; i < 3; ++i) busy.insert(1 + random() % 99);
        const auto plan = pick_compaction(version, small_options(), {busy});
        if (!plan) continue;
        CAPTURE(plan_text(plan));
        int first_level = plan->output_level;
        for (const PlanInput& input : plan->inputs) {
            CHECK(busy.count(input.file->number) == 0);
            first_level = std::min(first_level, input.level);
        }
        const auto numbers = plan->input_numbers();
        for (int level = first_level; level <= plan->output_level; ++level) {
            for (const FileMetaPtr& file : version.files(level)) {
                if (std::count(numbers.begin(), numbers.end(), file->number) != 0) continue;
                for (const PlanInput& input : plan->inputs) {
                    // Below level 0 the same level is disjoint anyway.
                    const bool above = level == plan->output_level || input.level == level;
                    if (above && level != first_level) CHECK(!file->overlaps(*input.file));
                    // A newer one may stay, an older one may not.
                    const bool older = file->number < input.file->number;
                    if (level == 0 && input.level == 0 && older) {
                        CHECK(!file->overlaps(*input.file));
                    }
                }
            }
        }
    }
}

}  // namespace kv
