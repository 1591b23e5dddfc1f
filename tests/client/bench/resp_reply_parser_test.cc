// RespReplyParser: replies whole, in pieces, one after the other, and what is no reply.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/resp_reply_parser.h"

#include <catch2/catch.hpp>
#include <string>

namespace kv::bench {

namespace {

using Kind = RespReplyParser::Kind;
using Outcome = RespReplyParser::Outcome;

void check_one(Bytes bytes, Kind kind, Bytes text) {
    INFO(std::string(bytes));
    RespReplyParser parser;
    const auto step = parser.next(bytes);
    REQUIRE(step.outcome == Outcome::kReply);
    CHECK(step.kind == kind);
    CHECK(step.text == text);
    CHECK(step.consumed == bytes.size());
}

void check_refused(Bytes bytes) {
    INFO(std::string(bytes));
    RespReplyParser parser;
    CHECK(parser.next(bytes).outcome == Outcome::kError);
    CHECK_FALSE(parser.error().empty());
}

}  // namespace

TEST_CASE("resp reply parser: every kind of reply") {
    check_one("+OK\r\n", Kind::kSimple, "OK");
    check_one("-ERR unknown command\r\n", Kind::kError, "ERR unknown command");
    check_one(":-42\r\n", Kind::kInteger, "-42");
    check_one("$5\r\nhello\r\n", Kind::kBulk, "hello");
    check_one("$0\r\n\r\n", Kind::kBulk, "");
    check_one("$4\r\n\r\n\r\n\r\n", Kind::kBulk, "\r\n\r\n");
    check_one("$-1\r\n", Kind::kNull, "");
    check_one("*-1\r\n", Kind::kNull, "");
    check_one("*0\r\n", Kind::kArray, "");
    check_one("*2\r\n$1\r\na\r\n:1\r\n", Kind::kArray, "");
    check_one("*3\r\n*2\r\n$1\r\na\r\n$-1\r\n*0\r\n-ERR inside\r\n", Kind::kArray, "");
}

TEST_CASE("resp reply parser: the same in pieces of one byte as at once") {
    const std::string bytes = "*3\r\n*2\r\n$4\r\nab\r\n\r\n$-1\r\n*0\r\n+x\r\n";
    RespReplyParser parser;
    for (size_t i = 0; i < bytes.size(); ++i) {
        const auto step = parser.next(Bytes(bytes).substr(0, i));
        CHECK(step.outcome == Outcome::kNeedMore);
        CHECK(step.consumed == 0);
    }
    const auto step = parser.next(bytes);
    CHECK(step.outcome == Outcome::kReply);
    CHECK(step.kind == Kind::kArray);
    CHECK(step.consumed == bytes.size());
}

TEST_CASE("resp reply parser: asks for all of a long value at once") {
    RespReplyParser parser;
    const auto step = parser.next("$1000\r\nabc");
    CHECK(step.outcome == Outcome::kNeedMore);
    CHECK(step.needed_bytes == 7 + 1000 + 2);
}

TEST_CASE("resp reply parser: one reply after the other") {
    const std::string bytes = "+OK\r\n$1\r\nv\r\n*1\r\n:1\r\n-BUSY later\r\n";
    Bytes unread = bytes;
    RespReplyParser parser;
    for (const Kind kind : {Kind::kSimple, Kind::kBulk, Kind::kArray, Kind::kError}) {
        const auto step = parser.next(unread);
        REQUIRE(step.outcome == Outcome::kReply);
        CHECK(step.kind == kind);
        unread.remove_prefix(step.consumed);
    }
    CHECK(parser.next(unread).outcome == Outcome::kNeedMore);
}

TEST_CASE("resp reply parser: refuses what is not RESP") {
    check_refused("HTTP/1.1 400 Bad Request\r\n");
    check_refused("\xD8");
    check_refused("$x\r\n");
    check_refused("$-2\r\n");
    check_refused("$1\r\nabc\r\n");
    check_refused("*\r\n");
    check_refused("*99999999999\r\n");
    check_refused("$999999999999\r\n");
    check_refused("+" + std::string(100'000, 'x'));
}

}  // namespace kv::bench
