// Tables that range deletes hide, as text: which go, and which wait or stay. A table's seqnos are
// number*10 to number*10+9 (version_text.h).
// SPDX-License-Identifier: Apache-2.0
#include "compaction/covered_tables.h"

#include <catch2/catch.hpp>

#include "compaction/table_store.h"
#include "compaction/version_text.h"

namespace kv {
namespace {

using test::parse_version;

std::string covered(const std::string& levels, const std::vector<std::string>& ranges,
                    Seqno oldest_read = 1000, std::set<uint64_t> busy = {}) {
    std::vector<RangeTombstoneSetPtr> sets;
    for (const std::string& text : ranges)
        sets.push_back(RangeTombstoneSet::build(test::parse_ranges(text)));
    PickerState state;
    state.busy = std::move(busy);
    state.oldest_read = oldest_read;
    const CoveredTables found = pick_covered(parse_version(levels), sets, state);
    std::string text;
    if (found.plan) {
        CHECK(found.plan->drop_only);
        for (const PlanInput& input : found.plan->inputs)
            text += std::to_string(input.level) + ":" + std::to_string(input.file->number) + " ";
    }
    return text + (found.more_later ? "more later" : "");
}

}  // namespace

TEST_CASE("covered tables: all of a table's keys have to lie in a range delete") {
    const std::string levels = "0: 3[a-c]10\n6: 1[d-f]10 2[g-k]10";
    CHECK(covered(levels, {}) == "");
    CHECK(covered(levels, {"[a-z)@99"}) == "0:3 6:1 6:2 ");
    CHECK(covered(levels, {"[d-g)@99"}) == "6:1 ");
    CHECK(covered(levels, {"[d-f)@99"}) == "");
    CHECK(covered(levels, {"[e-z)@99"}) == "6:2 ");
    CHECK(covered(levels, {"[a-d)@99 [g-h)@99"}) == "0:3 ");
}

TEST_CASE("covered tables: several range deletes may cover one together, without a gap") {
    const std::string levels = "6: 1[d-k]10";
    CHECK(covered(levels, {"[a-f)@97", "[f-m)@98"}) == "6:1 ");
    CHECK(covered(levels, {"[a-h)@97", "[f-m)@98"}) == "6:1 ");
    CHECK(covered(levels, {"[a-f)@97", "[g-m)@98"}) == "");
    CHECK(covered(levels, {"[a-f)@97 [f-k)@98"}) == "");  // k itself is left
}

TEST_CASE("covered tables: what is not older than the range delete stays") {
    CHECK(covered("6: 5[d-f]10", {"[a-z)@59"}) == "");
    CHECK(covered("6: 5[d-f]10", {"[a-z)@60"}) == "6:5 ");
    CHECK(covered("6: 5[d-f]10", {"[a-z)@40 [a-z)@30"}) == "");
}

TEST_CASE("covered tables: nothing goes that an older reader may need, but it will") {
    CHECK(covered("6: 1[d-f]10 2[g-h]10", {"[a-z)@99"}, 98) == "more later");
    CHECK(covered("6: 1[d-f]10 2[g-h]10", {"[a-z)@99"}, 99) == "6:1 6:2 ");
    CHECK(covered("6: 1[d-f]10 2[g-h]10", {"[a-g)@50 [a-z)@99"}, 60) == "6:1 more later");
}

TEST_CASE("covered tables: busy ones are left to their jobs") {
    CHECK(covered("6: 1[d-f]10 2[g-h]10", {"[a-z)@99"}, 1000, {1}) == "6:2 ");
}

}  // namespace kv
