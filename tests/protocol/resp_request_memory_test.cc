// The RESP request parser under large requests: what it keeps, what it passes over, what it holds,
// and that no byte is looked at twice.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "protocol/resp/request_parser.h"
#include "tests/protocol/resp_transcript.h"

namespace kv::protocol::resp {
namespace {

using testing::argument;
using testing::command;
using testing::feed;
using testing::feed_whole;
using testing::Limits;
using testing::Outcome;
using testing::Transcript;

using Lines = std::vector<std::string>;

constexpr size_t kMillion = 1U << 20;

std::string million_arguments() {
    std::string out = "*" + std::to_string(kMillion) + "\r\n";
    for (size_t i = 0; i < kMillion; ++i) out += argument(std::to_string(i));
    return out;
}

}  // namespace

TEST_CASE("resp parser: a big argument says how much input it needs, and no more") {
    const std::string start = "*2\r\n$3\r\nSET\r\n$30000\r\n";
    RequestParser parser;
    auto step = parser.next(start + "abc");
    CHECK(step.outcome == Outcome::kNeedMore);
    CHECK(step.consumed == 0);
    CHECK(step.needed_bytes == start.size() + 30'000 + 2);
    step = parser.next(start + std::string(30'000, 'v') + "\r");
    CHECK(step.needed_bytes == start.size() + 30'000 + 2);
    step = parser.next(start + std::string(30'000, 'v') + "\r\n");
    CHECK(step.outcome == Outcome::kCommand);
    CHECK(parser.args()[1].size() == 30'000);
}

TEST_CASE("resp parser: a large argument that is not all there is to be received into a block") {
    const auto start = [](size_t size) {
        return "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(size) + "\r\n";
    };
    constexpr size_t kLarge = RequestParser::kBlockBytes + 1;
    RequestParser parser;
    CHECK(parser.next(start(kLarge - 1) + "abc").block_bytes == 0);
    parser = RequestParser();
    CHECK(parser.next(start(kLarge) + std::string(kLarge + 2, 'v')).outcome == Outcome::kCommand);
    auto step = parser.next(start(kLarge) + "abc");
    CHECK(step.outcome == Outcome::kNeedMore);
    CHECK(step.consumed == start(kLarge).size());
    CHECK(step.needed_bytes == 0);
    REQUIRE(step.block_bytes == kLarge + 2);
    ByteBlock block(step.block_bytes);
    std::fill_n(block.writable().data(), step.block_bytes, 'v');
    block.commit(step.block_bytes);
    const char* const place = block.bytes().data();
    parser.add_block(std::move(block));
    step = parser.next("PING\r\n");
    REQUIRE(step.outcome == Outcome::kCommand);
    CHECK(step.consumed == 0);
    CHECK(parser.args() == Args{"SET", "k", std::string(kLarge, 'v')});
    CHECK(parser.args()[2].data() == place);
    CHECK(parser.kept_bytes() > kLarge);

    parser.put_back(step);
    step = parser.next("PING\r\n");
    REQUIRE(step.outcome == Outcome::kCommand);
    CHECK(parser.args()[2].data() == place);
    parser.release();
    CHECK(parser.kept_bytes() == 0);
    CHECK(parser.memory_bytes() < 1024);
    REQUIRE(parser.next("PING\r\n").outcome == Outcome::kCommand);
    CHECK(parser.args() == Args{"PING"});
}

TEST_CASE("resp parser: requests with large arguments are the same in any pieces") {
    const std::string a(RequestParser::kBlockBytes + 1, 'a'), b(200'000, 'b');
    const std::string stream = command({"GET", "k"}) + command({"MSET", "a", a, "s", "1", "b", b}) +
                               "PING\r\n" + command({a, b, b, "x"}) + command({"GET", "k"});
    for (const Limits& limits : {Limits{}, Limits{.kept_bytes = 250'000}}) {
        const Transcript whole = feed_whole(stream, limits);
        CHECK(whole.requests.size() == 5);
        for (const size_t piece : {1UL, 17UL, 1'000UL, 40'000UL}) {
            CHECK(feed(stream, limits, 64, [&] { return piece; }).says_the_same_as(whole));
        }
    }
}

TEST_CASE("resp parser: bytes that were looked at are not looked at again") {
    std::string array = "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5";
    RequestParser parser;
    REQUIRE(parser.next(array).outcome == Outcome::kNeedMore);
    std::string other = "??????????????????????$5\r\nvalue\r\n";
    REQUIRE(other.find('$') == array.rfind('$'));
    REQUIRE(parser.next(other).outcome == Outcome::kCommand);
    CHECK(parser.args() == Args{"???", "???", "value"});

    // The part of a line that holds no line end.
    std::string words = "GET key";
    REQUIRE(parser.next(words).outcome == Outcome::kNeedMore);
    words = "GET\nkey 2\r\n";
    REQUIRE(parser.next(words).outcome == Outcome::kCommand);
    CHECK(parser.args() == Args{"GET", "key", "2"});
    CHECK(parser.next(Bytes(words).substr(words.size())).outcome == Outcome::kNeedMore);
}

TEST_CASE("resp parser: a million arguments arrive in pieces or at once") {
    const std::string stream = million_arguments();
    RequestParser parser;
    REQUIRE(parser.next(stream).outcome == Outcome::kCommand);
    REQUIRE(parser.args().size() == kMillion);
    CHECK(parser.args().back() == "1048575");
    for (size_t at = 0; at < stream.size(); at += 1000) {
        const auto step = parser.next(Bytes(stream).substr(0, at));
        REQUIRE(step.outcome == Outcome::kNeedMore);
        REQUIRE(step.consumed == 0);
    }
    REQUIRE(parser.next(stream).outcome == Outcome::kCommand);
    CHECK(parser.args().size() == kMillion);
    CHECK(parser.memory_bytes() < 100 * kMillion);
}

TEST_CASE("resp parser: a million arguments give their memory back when they are done") {
    const std::string stream = million_arguments() + command({"GET", "a"});
    RequestParser parser;
    const auto step = parser.next(stream);
    REQUIRE(step.outcome == Outcome::kCommand);
    CHECK(parser.memory_bytes() >= kMillion * sizeof(Bytes));
    REQUIRE(parser.next(Bytes(stream).substr(step.consumed)).outcome == Outcome::kCommand);
    CHECK(parser.memory_bytes() < 1024);
    REQUIRE(parser.next(stream).outcome == Outcome::kCommand);
    REQUIRE(parser.next("").outcome == Outcome::kNeedMore);
    CHECK(parser.memory_bytes() < 1024);
}

TEST_CASE("resp parser: what is announced costs nothing before it arrives") {
    for (const char* stream : {"*1048576\r\n", "*1048576\r\n$3\r\nSET\r\n$536870912\r\nab",
                               "*2\r\n$4\r\nECHO\r\n$67108864\r\n", "*1048576\r\n$0\r\n\r\n"}) {
        INFO(stream);
        RequestParser parser;
        CHECK(parser.next(stream).outcome == Outcome::kNeedMore);
        CHECK(parser.memory_bytes() < 256);
        const Transcript transcript = feed(stream, {}, 64, [] { return size_t{9}; });
        CHECK(transcript.error.empty());
        CHECK(transcript.most_needed <= Limits{}.kept_bytes + 100);
        CHECK(transcript.most_buffered <= 64);
    }
}

TEST_CASE("resp parser: small commands need no new memory") {
    const std::string stream = command({"SET", "key", "value", "EX", "10"});
    RequestParser parser;
    REQUIRE(parser.next(stream).outcome == Outcome::kCommand);
    const Bytes* const place = parser.args().data();
    const size_t held = parser.memory_bytes();
    for (int round = 0; round < 100; ++round) {
        REQUIRE(parser.next(stream).outcome == Outcome::kCommand);
        REQUIRE(parser.next("GET key\r\n").outcome == Outcome::kCommand);
        CHECK(parser.args().data() == place);
    }
    CHECK(parser.memory_bytes() == held);
}

TEST_CASE("resp parser: what is too large to keep is passed over as it arrives") {
    const Limits limits{.kept_bytes = 1000};
    const std::string big(5'000, 'x');
    const std::string stream =
        command({"SET", "key", big, "EX", "10"}) + command({"GET", "key"}) + "PING\n";
    const Lines expected = {"too large[SET]", "[GET][key]", "[PING]"};
    CHECK(feed_whole(stream, limits).requests == expected);
    const Transcript pieces = feed(stream, limits, 64, [] { return size_t{50}; });
    CHECK(pieces.requests == expected);
    CHECK(pieces.most_buffered <= 64);
    CHECK(pieces.most_needed <= 64);
}

TEST_CASE("resp parser: arguments that come to too much are passed over together") {
    const Limits limits{.kept_bytes = 10};
    const auto outcome = [&](const Args& args) {
        return feed_whole(command(args), limits).requests.at(0);
    };
    CHECK(outcome({"MGET", "123456"}) == "[MGET][123456]");
    CHECK(outcome({"MGET", "1234567"}) == "too large[MGET]");
    CHECK(outcome({"MGET", "123", "123", ""}) == "[MGET][123][123][]");
    CHECK(outcome({"MGET", "123", "123", "", "1"}) == "too large[MGET]");
    CHECK(outcome({"12345678901", "a"}) == "too large");
    CHECK(outcome({"1234567890", "a"}) == "too large[1234567890]");
}

TEST_CASE("resp parser: the name of what is passed over is kept while it is short") {
    const Limits limits{.kept_bytes = 1000};
    const std::string big(2'000, 'x');
    const std::string longest(RequestParser::kKeptNameBytes, 'n'), longer = longest + 'n';
    CHECK(feed_whole(command({longest, big}), limits).requests ==
          Lines{"too large[" + longest + ']'});
    CHECK(feed_whole(command({longer, big}), limits).requests == Lines{"too large"});
    CHECK(feed_whole(command({"", big}), limits).requests == Lines{"too large[]"});
    CHECK(feed_whole(command({"SET", big}) + command({longer, big}), limits).requests ==
          Lines{"too large[SET]", "too large"});
}

TEST_CASE("resp parser: errors are found while passing over") {
    const Limits limits{.argument_bytes = 50, .kept_bytes = 10};
    const auto error = [&](const std::string& rest) {
        return feed_whole("*3\r\n$3\r\nSET\r\n" + argument("12345678901") + rest, limits).error;
    };
    CHECK(error("$51\r\n") == "Protocol error: invalid bulk length");
    CHECK(error("x\r\n") == "Protocol error: expected '$', got 'x'");
    CHECK(error(argument("1")).empty());
}

TEST_CASE("resp parser: an argument of the largest size is passed over without memory") {
    RequestParser parser;
    auto step = parser.next("*2\r\n$3\r\nSET\r\n$536870912\r\n");
    const std::string piece(1U << 20, 'x');
    for (size_t sent = 0; sent < (512U << 20); sent += piece.size()) {
        REQUIRE(step.outcome == Outcome::kNeedMore);
        step = parser.next(piece);
        REQUIRE(step.consumed == piece.size());
    }
    step = parser.next("\r\nPING\r\n");
    CHECK(step.outcome == Outcome::kTooLarge);
    CHECK(step.consumed == 2);
    CHECK(parser.args() == Args{"SET"});
    CHECK(parser.memory_bytes() < 1024);
}

}  // namespace kv::protocol::resp
