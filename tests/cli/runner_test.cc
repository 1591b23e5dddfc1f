// What kvcli says to do about an error.
// SPDX-License-Identifier: Apache-2.0
#include "cli/runner.h"

#include <catch2/catch.hpp>

#include "protocol/status_list.h"

namespace kv::cli {

namespace {

std::string advice_for(Code code, uint64_t detail, const std::string& message = "why") {
    return advice(Status(code, message, detail), "host:1");
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("kvcli advice: numbers of the server stand in it") {
    CHECK(advice_for(Code::kOverloaded, 30) ==
          "Too much is queued: send it again after 30 milliseconds.");
    CHECK(advice_for(Code::kOverloaded, 0) == "Too much is queued: send it again later.");
    CHECK(advice_for(Code::kConflict, 1207) ==
          "A precondition failed; seqno 1207 beat it: read again, decide again.");
    CHECK(advice_for(Code::kConflict, 0) == "A precondition failed: read again, decide again.");
}

TEST_CASE("kvcli advice: no status leaves a person with the name of a field") {
    for (const protocol::StatusInfo& info : protocol::status_table()) {
        for (const uint64_t detail : {uint64_t{0}, uint64_t{7}}) {
            INFO(info.name);
            const std::string text = advice_for(info.code, detail);
            CHECK_FALSE(text.empty());
            CHECK_FALSE(contains(text, "detail"));
        }
    }
}

TEST_CASE("kvcli advice: a host that is not found may be the wrong one") {
    const std::string text =
        advice_for(Code::kUnavailable, 0, "looking up host 'x': Name or service not known");
    CHECK(contains(text, "Is kvd running at host:1?"));
    CHECK(contains(advice_for(Code::kDeadline, 0, "connecting to host:1: no answer in time"),
                   "Is kvd running at host:1?"));
    CHECK_FALSE(contains(advice_for(Code::kUnavailable, 0, "the server is draining"), "running"));
}

}  // namespace kv::cli
