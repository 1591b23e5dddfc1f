// Which tables are left out of plans, and for how long: db/set_aside.h.
// SPDX-License-Identifier: Apache-2.0
#include "db/set_aside.h"

#include <catch2/catch.hpp>

#include "compaction/version_text.h"

using namespace kv;
using namespace kv::db;

namespace {

using Numbers = std::set<uint64_t>;

const Status kEio = Status::io_error("read db/000007.sst");
const Status kDamage = Status::corruption("db/000008.sst: offset 0");

}  // namespace

TEST_CASE("set aside: nothing is, at first") {
    const SetAside aside;
    CHECK(aside.empty());
    CHECK(aside.all().empty());
    CHECK(aside.why().is_ok());
}

TEST_CASE("set aside: a while is twice as long after each failure, up to the longest") {
    SetAside aside;
    CHECK(aside.add_for_a_while(7, kEio, 5000) == SetAside::kFirstMs);
    CHECK(aside.all() == Numbers{7});
    CHECK(aside.damaged().empty());
    CHECK(aside.add_for_a_while(7, kEio, 5000) == 2000);
    CHECK(aside.add_for_a_while(7, kEio, 5000) == 4000);
    CHECK(aside.add_for_a_while(7, kEio, 5000) == 5000);
    CHECK(aside.add_for_a_while(7, kEio, 5000) == 5000);
    aside.forget(7);
    CHECK(aside.empty());
    CHECK(aside.add_for_a_while(7, kEio, 5000) == SetAside::kFirstMs);
}

TEST_CASE("set aside: damage is for good, and what is told of first") {
    SetAside aside;
    aside.add_for_a_while(7, kEio, 5000);
    CHECK(aside.why().message() == kEio.message());
    aside.add_for_good(8, kDamage);
    CHECK(aside.damaged() == Numbers{8});
    CHECK(aside.all() == Numbers{7, 8});
    CHECK(aside.why().message() == kDamage.message());
    CHECK(aside.add_for_a_while(8, kEio, 5000) == UINT64_MAX);
    CHECK(aside.damaged() == Numbers{8});
}

TEST_CASE("set aside: an input is named by its file, not by the end of a longer number") {
    CompactionPlan plan;
    plan.inputs = {{0, test::parse_table("7[a-b]1")}, {0, test::parse_table("1000007[a-b]1")}};
    const auto named = [&plan](const std::string& text) {
        std::vector<uint64_t> numbers;
        for (const FileMetaPtr& file : inputs_named(plan, Status::io_error(text))) {
            numbers.push_back(file->number);
        }
        return numbers;
    };
    CHECK(named("read db/000007.sst, offset 0") == std::vector<uint64_t>{7});
    CHECK(named("read db/1000007.sst, offset 0") == std::vector<uint64_t>{1000007});
    CHECK(named("db/1000007.sst and db/000007.sst") == std::vector<uint64_t>{7, 1000007});
    CHECK(named("create db/000099.sst").empty());
}
