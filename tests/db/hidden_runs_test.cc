// Hidden runs: what is learnt, for whom it holds, what is forgotten.
// SPDX-License-Identifier: Apache-2.0
#include "db/hidden_runs.h"

#include <catch2/catch.hpp>

using kv::db::HiddenRuns;

namespace {

std::string run_at(const HiddenRuns& runs, kv::Bytes key, kv::Seqno seqno = 100,
                   uint64_t now_ms = 1000) {
    const auto run = runs.find(key, seqno, now_ms);
    return run ? run->begin + ".." + run->end : "-";
}

}  // namespace

TEST_CASE("hidden runs: hold from their begin up to before their end") {
    HiddenRuns runs;
    CHECK(runs.empty());
    CHECK(run_at(runs, "c") == "-");
    runs.add("c", "f", 10, 0, 20);
    CHECK_FALSE(runs.empty());
    CHECK(run_at(runs, "b") == "-");
    CHECK(run_at(runs, "c") == "c..f");
    CHECK(run_at(runs, "ezz") == "c..f");
    CHECK(run_at(runs, "f") == "-");
    runs.add("x", "x", 10, 0, 20);
    CHECK(runs.size() == 1);
}

TEST_CASE("hidden runs: hold only for readers as late as the walk that learnt them") {
    HiddenRuns runs;
    runs.add("c", "f", 10, 500, 20);
    CHECK(run_at(runs, "d", 9) == "-");
    CHECK(run_at(runs, "d", 10, 500) == "c..f");
    CHECK(run_at(runs, "d", 10, 499) == "-");
}

TEST_CASE("hidden runs: tell until when what they rest on was alive") {
    HiddenRuns runs;
    runs.add("c", "f", 10, 500, 20);
    runs.add("f", "h", 10, 700, 20);
    const auto run = runs.find("d", 100, 1000);
    REQUIRE(run.has_value());
    CHECK(run->expiry_ms == 700);
}

TEST_CASE("hidden runs: join where they touch, at the later of their conditions") {
    HiddenRuns runs;
    runs.add("c", "f", 10, 0, 20);
    runs.add("m", "p", 12, 0, 20);
    CHECK(runs.size() == 2);
    runs.add("f", "h", 11, 700, 20);
    CHECK(runs.size() == 2);
    CHECK(run_at(runs, "c", 11, 700) == "c..h");
    CHECK(run_at(runs, "c", 10, 700) == "-");
    runs.add("a", "z", 11, 0, 20);
    CHECK(runs.size() == 1);
    CHECK(run_at(runs, "y", 12, 700) == "a..z");
    runs.add("d", "e", 90, 0, 20);  // inside of one that holds for more readers
    CHECK(run_at(runs, "d", 12, 700) == "a..z");
}

TEST_CASE("hidden runs: keep within a bound, the longest ones") {
    HiddenRuns runs;
    const auto key = [](int i, char end) { return std::to_string(1'000'000 + i) + end; };
    for (int i = 0; i < 10'000; ++i) {
        runs.add(key(i, 'a'), key(i, 'b'), 10, 0, i % 100 == 0 ? 1000 : 16);
    }
    CHECK(runs.size() < 3000);
    for (int i = 0; i < 10'000; i += 100) CHECK(run_at(runs, key(i, 'a')) != "-");
}
