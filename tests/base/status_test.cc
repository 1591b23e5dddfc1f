// Status: codes, messages, context.
// SPDX-License-Identifier: Apache-2.0
#include "kv/status.h"

#include <catch2/catch.hpp>
#include <set>

using kv::Code;
using kv::Status;

TEST_CASE("status: ok is ok, empty and prints as ok") {
    const Status status;
    CHECK(status.is_ok());
    CHECK(status.code() == Code::kOk);
    CHECK(status.detail() == 0);
    CHECK(status.message().empty());
    CHECK(status.to_string() == "ok");
    CHECK(Status(Code::kOk, "ignored").is_ok());
}

TEST_CASE("status: an error keeps code, message and detail through copies") {
    const Status status(Code::kConflict, "key moved", 42);
    const Status copy = status;
    CHECK_FALSE(copy.is_ok());
    CHECK(copy.is(Code::kConflict));
    CHECK(copy.detail() == 42);
    CHECK(copy.message() == "key moved");
    CHECK(copy.to_string() == "conflict: key moved");
    CHECK(Status(Code::kDeadline, "").to_string() == "deadline");
}

TEST_CASE("status: context goes before the message and keeps code and detail") {
    const Status status = Status(Code::kOverloaded, "queue full", 50).with_context("write");
    CHECK(status.to_string() == "overloaded: write: queue full");
    CHECK(status.detail() == 50);
    CHECK(Status::ok().with_context("write").is_ok());
}

TEST_CASE("status: every code has a name of its own") {
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(Code::kUnavailable); ++code) {
        names.insert(kv::code_name(static_cast<Code>(code)));
    }
    CHECK(names.size() == static_cast<size_t>(Code::kUnavailable) + 1);
    CHECK(names.count("unknown") == 0);
}
