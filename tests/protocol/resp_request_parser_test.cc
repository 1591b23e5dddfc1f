// The RESP request parser: every rule and every error text, and that it does not matter how the
// bytes were cut. The texts are those of a Redis 7.0.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/resp/request_parser.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

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

std::string error_of(Bytes stream, const Limits& limits = {}) {
    const std::string prefix = "Protocol error: ";
    const std::string error = feed_whole(stream, limits).error;
    return error.starts_with(prefix) ? error.substr(prefix.size()) : error;
}

Lines requests_of(Bytes stream, const Limits& limits = {}) {
    const Transcript transcript = feed_whole(stream, limits);
    CHECK(transcript.error.empty());
    return transcript.requests;
}

Outcome outcome_of(Bytes stream) { return RequestParser().next(stream).outcome; }

uint64_t seed() {
    const char* text = std::getenv("KV_TEST_SEED");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

std::string random_bytes(std::mt19937_64& random, size_t most) {
    static constexpr Bytes kTelling = "\r\n$*\"' \\ax0";
    std::string out(random() % (most + 1), '\0');
    for (char& c : out) {
        c = kTelling[random() % kTelling.size()];
        if (random() % 4 == 0) c = static_cast<char>(random());
    }
    return out;
}

}  // namespace

TEST_CASE("resp parser: nothing gives nothing") {
    RequestParser parser;
    const auto step = parser.next("");
    CHECK(step.outcome == Outcome::kNeedMore);
    CHECK(step.consumed == 0);
    CHECK(step.needed_bytes == 0);
    CHECK(parser.args().empty());
}

TEST_CASE("resp parser: an array is a command, its arguments any bytes") {
    const std::string all("\0\r\n\xFF$*", 6);
    CHECK(requests_of(command({"PING"})) == Lines{"[PING]"});
    CHECK(requests_of(command({"SET", "", all})) == Lines{"[SET][][\\x00\\x0d\\n\\xff$*]"});
    CHECK(requests_of(command({""})) == Lines{"[]"});
}

TEST_CASE("resp parser: requests of both kinds follow each other") {
    CHECK(
        requests_of(command({"GET", "a"}) + "GET b\r\n" + command({"GET", "c"}) + "\r\nGET d\n") ==
        Lines{"[GET][a]", "[GET][b]", "[GET][c]", "nothing", "[GET][d]"});
}

TEST_CASE("resp parser: a step consumes exactly its request and shows the caller's bytes") {
    const std::string one = command({"GET", "key"}), input = one + "PING\r\n";
    RequestParser parser;
    const auto step = parser.next(input);
    REQUIRE(step.outcome == Outcome::kCommand);
    CHECK(step.consumed == one.size());
    REQUIRE(parser.args().size() == 2);
    CHECK(parser.args()[1].data() == input.data() + input.find("key"));
    CHECK(parser.next(Bytes(input).substr(step.consumed)).consumed == 6);
    CHECK(parser.args() == Args{"PING"});
}

TEST_CASE("resp parser: empty arrays and empty lines ask for nothing") {
    for (const char* stream :
         {"*0\r\n", "*-1\r\n", "*-10\r\n", "\r\n", "\n", "  \t\r\n", "\r\r\n"}) {
        INFO(stream);
        CHECK(requests_of(stream) == Lines{"nothing"});
        CHECK(requests_of(std::string(stream) + "PING\n") == Lines{"nothing", "[PING]"});
    }
}

TEST_CASE("resp parser: a line feed alone ends an inline command and no other line") {
    CHECK(requests_of("PING\n") == Lines{"[PING]"});
    CHECK(requests_of("PING\r\n") == Lines{"[PING]"});
    CHECK(error_of("*1\n$4\r\nPING\r\n") == "invalid multibulk length");
    CHECK(error_of("*1\r\n$4\nPING\r\n") == "invalid bulk length");
}

TEST_CASE("resp parser: what stands behind a carriage return or an argument is not looked at") {
    CHECK(requests_of("*1\rX$4\rXPINGXX") == Lines{"[PING]"});
    CHECK(outcome_of("*1\r") == Outcome::kNeedMore);
    CHECK(outcome_of("*1\r\n$4\r\nPING\r") == Outcome::kNeedMore);
}

TEST_CASE("resp parser: a count is a plain number up to the limit") {
    for (const char* count : {"", "x", "01", "+1", "-0", "-01", " 1", "1 ", "1x", "-", "1048577",
                              "2147483648", "99999999999999999999", "-99999999999999999999"}) {
        INFO(count);
        CHECK(error_of('*' + std::string(count) + "\r\n") == "invalid multibulk length");
    }
    CHECK(outcome_of("*1048576\r\n") == Outcome::kNeedMore);
    CHECK(error_of("*4\r\n", {.arguments = 3}) == "invalid multibulk length");
    CHECK(error_of("*3\r\n", {.arguments = 3}).empty());
}

TEST_CASE("resp parser: an argument begins with a dollar") {
    CHECK(error_of("*1\r\nPING\r\n") == "expected '$', got 'P'");
    CHECK(error_of("*1\r\n:3\r\n") == "expected '$', got ':'");
    CHECK(error_of("*2\r\n$1\r\na\r\n*1\r\n") == "expected '$', got '*'");
    CHECK(error_of("*1\r\n12345678\r\n") == "expected '$', got '1'");
    CHECK(error_of("*1\r\n\r\n") == "expected '$', got ' '");
    CHECK(error_of("*1\r\n\nx\r\n") == "expected '$', got ' '");
    CHECK(error_of("*1\r\n\xFF\r\n") == "expected '$', got '\xFF'");
}

TEST_CASE("resp parser: a length is a plain number up to the limit") {
    for (const char* length : {"", "x", "04", "+4", "-1", "-0", "4 ", "536870913", "9999999999",
                               "18446744073709551615", "99999999999999999999"}) {
        INFO(length);
        CHECK(error_of("*1\r\n$" + std::string(length) + "\r\n") == "invalid bulk length");
    }
    CHECK(outcome_of("*1\r\n$536870912\r\n") == Outcome::kNeedMore);
    CHECK(error_of("*1\r\n$6\r\n", {.argument_bytes = 5}) == "invalid bulk length");
    CHECK(requests_of(command({"12345"}), {.argument_bytes = 5}) == Lines{"[12345]"});
}

TEST_CASE("resp parser: lines have a limit, which is exact and the same however they arrive") {
    const std::string digits(70'000, '1');
    const auto check = [](const std::string& start, const std::string& fill, const char* error) {
        const Limits limits{.inline_bytes = 100};
        const size_t room = limits.inline_bytes - (start.size() - start.rfind('\n') - 1);
        const std::string fits = start + fill.substr(0, room),
                          over = start + fill.substr(0, room + 1);
        CHECK(error_of(fits, limits).empty());
        CHECK(error_of(over, limits) == error);
        CHECK(error_of(over + "\r\n", limits) == error);
        CHECK(error_of(fits + "\r\n", limits) != error);
        CHECK(feed(over + "\r\n", limits, 8, [] { return size_t{1}; }).error ==
              "Protocol error: " + std::string(error));
    };
    check("*", digits, "too big mbulk count string");
    check("*1\r\n$", digits, "too big bulk count string");
    check("*1\r\n", digits, "too big bulk count string");
    CHECK(error_of(digits.substr(0, 65'536)).empty());
    CHECK(error_of(digits.substr(0, 65'537)) == "too big inline request");
    CHECK(error_of(digits + "\r\n") == "too big inline request");
    CHECK(requests_of(digits.substr(0, 65'536) + "\n").size() == 1);
}

TEST_CASE("resp parser: before authentication an array is small, with texts of its own") {
    const Limits limits{.authenticated = false};
    const std::string most(16'384, 'x');
    const auto args = [&](size_t count) { return Args(count, Bytes(most)); };
    CHECK(requests_of(command(args(10)), limits).size() == 1);
    CHECK(error_of(command(args(11)), limits) == "unauthenticated multibulk length");
    CHECK(error_of("*2147483647\r\n", limits) == "unauthenticated multibulk length");
    CHECK(error_of("*2147483648\r\n", limits) == "invalid multibulk length");
    CHECK(error_of("*1\r\n$16385\r\n", limits) == "unauthenticated bulk length");
    CHECK(error_of("*1\r\n$600000000\r\n", limits) == "invalid bulk length");
    CHECK(requests_of("PING a b c d e f g h i j k l\n", limits).size() == 1);
}

TEST_CASE("resp parser: new limits hold from the next line on") {
    RequestParser parser;
    parser.set_limits({.authenticated = false});
    const std::string stream = command({"AUTH", "x"}) + "*11\r\n";
    const auto step = parser.next(stream);
    REQUIRE(step.outcome == Outcome::kCommand);
    parser.set_limits({});
    CHECK(parser.next(Bytes(stream).substr(step.consumed)).outcome == Outcome::kNeedMore);
    CHECK(parser.error().empty());
}

TEST_CASE("resp parser: an error stays, and gives no arguments") {
    RequestParser parser;
    REQUIRE(parser.next("*x\r\n").outcome == Outcome::kError);
    CHECK(parser.next("PING\r\n").outcome == Outcome::kError);
    CHECK(parser.error() == "Protocol error: invalid multibulk length");
    CHECK(parser.args().empty());
}

TEST_CASE("resp parser: split at any byte, and byte by byte, gives the same") {
    const std::string good =
        command({"SET", "key", "a\r\n$1\r\nb"}) + "\r\n*0\r\n" + "SET \"k\\x00\" 'v'\r\n" +
        command({"MSET", "12345678", "1234567", ""}) + "GET plain\n" + command({"DEL", "x"});
    const Limits limits{.argument_bytes = 100, .kept_bytes = 16, .inline_bytes = 40};
    for (const std::string& ending :
         {std::string(), std::string("*1\r\nPING\r\n"), std::string("*2\r\n$1\r\nx\r\n$101\r\n"),
          std::string("ECHO \"a\r\n"), std::string(60, 'g'), "*1\r\n$" + std::string(60, '1'),
          std::string("*x\r\n"), std::string("*3\r\n$3\r\nSET\r\n$90\r\nabc")}) {
        const std::string stream = good + ending;
        const Transcript whole = feed_whole(stream, limits);
        CHECK(whole.requests == Lines{"[SET][key][a\\x0d\\n$1\\x0d\\nb]", "nothing", "nothing",
                                      "[SET][k\\x00][v]", "too large[MSET]", "[GET][plain]",
                                      "[DEL][x]"});
        for (size_t cut = 0; cut <= stream.size(); ++cut) {
            INFO("cut at " << cut << " of " << escape_bytes(stream));
            size_t next = cut;
            const auto piece = [&] { return std::max<size_t>(std::exchange(next, SIZE_MAX), 1); };
            CHECK(feed(stream, limits, 512, piece).says_the_same_as(whole));
        }
        CHECK(feed(stream, limits, 1, [] { return size_t{1}; }).says_the_same_as(whole));
    }
}

TEST_CASE("resp parser: random commands come back as they were sent") {
    const uint64_t number = seed();
    CAPTURE(number);
    std::mt19937_64 random(number);
    for (int round = 0; round < 300; ++round) {
        std::string stream;
        Lines expected;
        for (size_t commands = random() % 8; commands > 0; --commands) {
            std::vector<std::string> words(1 + random() % 6);
            const size_t most = random() % 20 == 0 ? 3'000 : 12;
            for (std::string& word : words) word = random_bytes(random, most);
            const Args args(words.begin(), words.end());
            stream += command(args);
            expected.push_back(testing::request_line(Outcome::kCommand, args));
        }
        CHECK(feed_whole(stream).requests == expected);
        const size_t most = 1 + random() % 100;
        const auto piece = [&] { return 1 + random() % most; };
        const Transcript pieces = feed(stream, {}, 1 + random() % 200, piece);
        CHECK(pieces.requests == expected);
        CHECK(pieces.error.empty());
    }
}

TEST_CASE("resp parser: random garbage gives the same verdict however it is cut") {
    const uint64_t number = seed();
    CAPTURE(number);
    std::mt19937_64 random(number);
    const Limits limits{.arguments = 5, .argument_bytes = 60, .kept_bytes = 20, .inline_bytes = 30};
    const std::vector<std::string> words = {
        "*",    "$",      "\r\n",           "\n",    "1", "2", "0", "-1", "\"", "'", " ",
        "PING", "*2\r\n", "$4\r\nPING\r\n", "\\x41", "55"};
    for (int round = 0; round < 3'000; ++round) {
        std::string stream;
        for (size_t count = random() % 20; count > 0; --count)
            stream += words[random() % words.size()];
        INFO(escape_bytes(stream));
        const Transcript whole = feed_whole(stream, limits);
        CHECK(feed(stream, limits, 1, [] { return size_t{1}; }).says_the_same_as(whole));
        CHECK(feed(stream, limits, 7, [&] { return 1 + random() % 9; }).says_the_same_as(whole));
    }
}

}  // namespace kv::protocol::resp
