// The status list: classes agree with what the codes promise, and the mapping loses nothing.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/status_list.h"

#include <catch2/catch.hpp>
#include <set>

namespace kv::protocol {
namespace {

constexpr Code kAllCodes[] = {
    Code::kOk,         Code::kInvalidArgument, Code::kNotFound,   Code::kConflict,
    Code::kCorruption, Code::kIoError,         Code::kNoSpace,    Code::kReadOnly,
    Code::kInDoubt,    Code::kOverloaded,      Code::kDeadline,   Code::kCancelled,
    Code::kLocked,     Code::kUnsupported,     Code::kWouldBlock, Code::kUnavailable,
};

}  // namespace

TEST_CASE("status list: numbers and names are unique") {
    std::set<uint16_t> numbers;
    std::set<std::string_view> names;
    for (const StatusInfo& info : status_table()) {
        CHECK(numbers.insert(raw(info.status) & status_class::kNumberMask).second);
        CHECK(names.insert(info.name).second);
        CHECK(info.advice.size() >= 5);
        CHECK(info.advice.find('|') == std::string_view::npos);
    }
}

TEST_CASE("status list: every status but ok is surely not applied or in doubt, never both") {
    for (const StatusInfo& info : status_table()) {
        INFO(info.name);
        const uint16_t status = raw(info.status);
        if (info.status == WireStatus::kOk) {
            CHECK(status == 0);
        } else {
            CHECK(is_surely_not_applied(status) != is_in_doubt(status));
        }
        if (is_retryable(status)) CHECK(is_surely_not_applied(status));
    }
}

TEST_CASE("status list: what a code promises, its status promises") {
    for (const Code code :
         {Code::kInvalidArgument, Code::kConflict, Code::kNoSpace, Code::kReadOnly,
          Code::kOverloaded, Code::kDeadline, Code::kCancelled}) {
        CHECK(is_surely_not_applied(raw(to_wire(Status(code, "m")))));
    }
    for (const Code code : {Code::kInDoubt, Code::kIoError}) {
        CHECK(is_in_doubt(raw(to_wire(Status(code, "m")))));
    }
    for (const Code code : {Code::kOverloaded, Code::kNoSpace, Code::kUnavailable}) {
        CHECK(is_retryable(raw(to_wire(Status(code, "m")))));
    }
}

TEST_CASE("status list: of the errors of writes only those in doubt are") {
    for (const Code code : kAllCodes) {
        if (code == Code::kOk || code == Code::kLocked || code == Code::kWouldBlock) continue;
        const WireStatus sent = to_wire_of_write(Status(code, "m", 7));
        CHECK(is_in_doubt(raw(sent)) == (code == Code::kInDoubt));
        CHECK(from_wire(raw(sent), "m", 7).code() == code);
    }
}

TEST_CASE("status list: every code that may leave the process comes back as itself") {
    for (const Code code : kAllCodes) {
        if (code == Code::kLocked || code == Code::kWouldBlock) {
            CHECK(to_wire(Status(code, "m")) == WireStatus::kInternal);
            continue;
        }
        const Status sent = code == Code::kOk ? Status::ok() : Status(code, "message", 42);
        CHECK_FALSE(is_fatal(raw(to_wire(sent))));
        const Status got = from_wire(raw(to_wire(sent)), sent.message(), sent.detail());
        CHECK(got.code() == code);
        CHECK(got.message() == sent.message());
        CHECK(got.detail() == sent.detail());
    }
}

TEST_CASE("status list: a status never heard of is judged by its class") {
    using namespace status_class;
    CHECK(from_wire(kSurelyNotApplied | kRetryable | 999, "new", 7).is(Code::kUnavailable));
    CHECK(from_wire(kSurelyNotApplied | 999, "new", 7).is(Code::kUnsupported));
    CHECK(from_wire(kInDoubt | 999, "new", 7).is(Code::kInDoubt));
    CHECK(from_wire(999, "new", 7).is(Code::kInDoubt));
    CHECK(from_wire(999, "new", 7).message() == "status 0x03E7 of a newer server: new");
    CHECK(status_name(999) == "unknown");
    CHECK_FALSE(status_advice(999).empty());
}

TEST_CASE("status list: an answer without a message brings the advice") {
    CHECK(from_wire(raw(WireStatus::kDraining), "", 0).message() ==
          status_advice(raw(WireStatus::kDraining)));
}

}  // namespace kv::protocol
