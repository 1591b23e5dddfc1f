// protocol/docs/resp.md against the code: every row of its tables of requests, limits, errors and
// replies.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "protocol/resp/reply_writer.h"
#include "tests/protocol/document.h"
#include "tests/protocol/resp_transcript.h"

namespace kv::protocol::resp {
namespace {

using testing::feed_whole;
using testing::Limits;
using testing::Outcome;

std::vector<std::vector<std::string>> table(const std::string& first_cells) {
    const auto rows = protocol::testing::document_table(first_cells, "resp.md");
    REQUIRE_FALSE(rows.empty());
    return rows;
}

// What a cell in backticks stands for.
std::string bytes_of(const std::string& cell) {
    REQUIRE(cell.size() >= 2);
    REQUIRE((cell.front() == '`' && cell.back() == '`'));
    std::string out;
    for (size_t at = 1; at + 1 < cell.size(); ++at) {
        if (cell[at] != '\\') {
            out += cell[at];
            continue;
        }
        const char kind = cell[++at];
        INFO(cell);
        REQUIRE(std::string("rnx\\").find(kind) != std::string::npos);
        if (kind == 'x') {
            out += static_cast<char>(std::stoi(cell.substr(at + 1, 2), nullptr, 16));
            at += 2;
        } else {
            out += kind == 'r' ? '\r' : kind == 'n' ? '\n' : '\\';
        }
    }
    return out;
}

std::string number_with_commas(size_t value) {
    std::string digits = std::to_string(value);
    for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

std::string as_written(const Args& args) {
    std::string out;
    for (const Bytes arg : args) {
        if (!out.empty()) out += ' ';
        out += '[' + std::string(arg) + ']';
    }
    return out;
}

}  // namespace

TEST_CASE("resp document: every request is understood as the page says") {
    for (const auto& row : table("sent | understood as")) {
        INFO(row.at(0));
        const std::string input = bytes_of(row[0]);
        RequestParser parser;
        const auto step = parser.next(input);
        CHECK(step.consumed == input.size());
        if (row.at(1) == "nothing") {
            CHECK(step.outcome == Outcome::kNothing);
        } else {
            CHECK(step.outcome == Outcome::kCommand);
            CHECK(as_written(parser.args()) == bytes_of(row[1]));
        }
    }
}

TEST_CASE("resp document: every error has the text that the page says") {
    for (const auto& row : table("sent | error")) {
        INFO(row.at(0));
        CHECK(feed_whole(bytes_of(row[0])).error == bytes_of(row.at(1)));
    }
}

TEST_CASE("resp document: every limit has the value and the error that the page says") {
    const Limits limits, before{.authenticated = false};
    const auto array = [](size_t count) { return '*' + std::to_string(count) + "\r\n"; };
    const auto length = [](size_t size) { return "*1\r\n$" + std::to_string(size) + "\r\n"; };
    const auto digits = [](size_t size) { return std::string(size, '1'); };
    using Row = std::vector<std::string>;
    std::vector<Row> expected;
    const auto expect = [&](const char* name, size_t value, const std::string& over,
                            const Limits& when) {
        expected.push_back(
            {name, number_with_commas(value), '`' + feed_whole(over, when).error + '`'});
    };
    constexpr size_t kArguments = RequestParser::kUnauthenticatedArguments;
    constexpr size_t kBytes = RequestParser::kUnauthenticatedBytes;
    expect("arguments of an array", limits.arguments, array(limits.arguments + 1), limits);
    expect("bytes of an argument", limits.argument_bytes, length(limits.argument_bytes + 1),
           limits);
    expected.push_back({"bytes of all arguments of a command together",
                        number_with_commas(limits.kept_bytes),
                        "the command is read to its end without being kept and gets an error; the "
                        "connection goes on"});
    const size_t line = limits.inline_bytes;
    expect("bytes of an inline command", line, digits(line + 1), limits);
    expect("bytes of a count line", line, '*' + digits(line), limits);
    expect("bytes of a length line", line, "*1\r\n$" + digits(line), limits);
    expect("arguments of an array before authentication", kArguments, array(kArguments + 1),
           before);
    expect("bytes of an argument before authentication", kBytes, length(kBytes + 1), before);
    CHECK(table("limit") == expected);
}

TEST_CASE("resp document: every reply has the bytes that the page says") {
    const std::vector<std::pair<std::string, std::function<void(ReplyWriter&)>>> replies = {
        {"simple string", [](ReplyWriter& r) { r.ok(); }},
        {"error", [](ReplyWriter& r) { r.error("ERR syntax error"); }},
        {"integer", [](ReplyWriter& r) { r.integer(-7); }},
        {"bulk string", [](ReplyWriter& r) { r.bulk("hello"); }},
        {"no value", [](ReplyWriter& r) { r.null(); }},
        {"no array", [](ReplyWriter& r) { r.null_array(); }},
        {"array of 2", [](ReplyWriter& r) { r.array(2); }},
        {"map of 2 pairs", [](ReplyWriter& r) { r.map(2); }},
        {"set of 2", [](ReplyWriter& r) { r.set(2); }},
        {"push of 2", [](ReplyWriter& r) { r.push(2); }},
        {"true", [](ReplyWriter& r) { r.boolean(true); }},
        {"false", [](ReplyWriter& r) { r.boolean(false); }},
        {"double", [](ReplyWriter& r) { r.number(1.5); }},
        {"double, whole", [](ReplyWriter& r) { r.number(3); }},
        {"double, infinite", [](ReplyWriter& r) { r.number(-HUGE_VAL); }},
        {"text", [](ReplyWriter& r) { r.verbatim("txt", "hi"); }},
    };
    const auto rows = table("reply");
    REQUIRE(rows.size() == replies.size());
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto& [name, write] = replies[i];
        INFO(name);
        CHECK(rows[i].at(0) == name);
        for (const Version version : {Version::k2, Version::k3}) {
            std::string out;
            ReplyWriter reply(out, version);
            write(reply);
            CHECK(bytes_of(rows[i].at(version == Version::k2 ? 1 : 2)) == out);
        }
    }
}

}  // namespace kv::protocol::resp
