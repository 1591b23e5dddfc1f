// RESP replies, byte for byte as a Redis 7.0 sends them in both versions.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/resp/reply_writer.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>

namespace kv::protocol::resp {
namespace {

template <class Write>
std::string in(Version version, Write&& write) {
    std::string out;
    ReplyWriter reply(out, version);
    write(reply);
    return out;
}

// Both versions say the same.
template <class Write>
std::string both(Write&& write) {
    std::string out = in(Version::k2, write);
    CHECK(in(Version::k3, write) == out);
    return out;
}

std::string number(double value) {
    const auto write = [&](ReplyWriter& reply) { reply.number(value); };
    const std::string text = in(Version::k3, write);
    REQUIRE(text.starts_with(','));
    REQUIRE(text.ends_with("\r\n"));
    const std::string digits = text.substr(1, text.size() - 3);
    CHECK(in(Version::k2, write) == '$' + std::to_string(digits.size()) + "\r\n" + digits + "\r\n");
    return digits;
}

}  // namespace

TEST_CASE("resp reply: simple strings and errors are lines") {
    CHECK(both([](ReplyWriter& r) { r.ok(); }) == "+OK\r\n");
    CHECK(both([](ReplyWriter& r) { r.simple("PONG"); }) == "+PONG\r\n");
    CHECK(both([](ReplyWriter& r) { r.simple(""); }) == "+\r\n");
    CHECK(both([](ReplyWriter& r) { r.error("ERR syntax error"); }) == "-ERR syntax error\r\n");
}

TEST_CASE("resp reply: an error stays one line, whatever it quotes") {
    CHECK(both([](ReplyWriter& r) { r.error("ERR a\r\nb\n"); }) == "-ERR a  b \r\n");
    CHECK(both([](ReplyWriter& r) {
              r.bulk("\n");
              r.error("\n");
          }) == "$1\r\n\n\r\n- \r\n");
}

TEST_CASE("resp reply: integers up to both ends") {
    const auto integer = [](int64_t value) {
        return both([&](ReplyWriter& r) { r.integer(value); });
    };
    CHECK(integer(0) == ":0\r\n");
    CHECK(integer(-1) == ":-1\r\n");
    CHECK(integer(INT64_MAX) == ":9223372036854775807\r\n");
    CHECK(integer(INT64_MIN) == ":-9223372036854775808\r\n");
    CHECK(both([](ReplyWriter& r) { r.bulk_integer(-12); }) == "$3\r\n-12\r\n");
    CHECK(both([](ReplyWriter& r) { r.bulk_integer(INT64_MIN); }) ==
          "$20\r\n-9223372036854775808\r\n");
}

TEST_CASE("resp reply: bulk strings hold any bytes") {
    CHECK(both([](ReplyWriter& r) { r.bulk(""); }) == "$0\r\n\r\n");
    CHECK(both([](ReplyWriter& r) { r.bulk(Bytes("\0\r\n", 3)); }) ==
          std::string("$3\r\n\0\r\n\r\n", 9));
    CHECK(both([](ReplyWriter& r) { r.bulk_header(70'000); }) == "$70000\r\n");
}

TEST_CASE("resp reply: null is one thing in version 3 and two in version 2") {
    const auto null = [](ReplyWriter& r) { r.null(); };
    const auto null_array = [](ReplyWriter& r) { r.null_array(); };
    CHECK(in(Version::k2, null) == "$-1\r\n");
    CHECK(in(Version::k3, null) == "_\r\n");
    CHECK(in(Version::k2, null_array) == "*-1\r\n");
    CHECK(in(Version::k3, null_array) == "_\r\n");
}

TEST_CASE("resp reply: collections are arrays in version 2, a map twice as long") {
    const auto map = [](ReplyWriter& r) { r.map(3); };
    const auto set = [](ReplyWriter& r) { r.set(3); };
    const auto push = [](ReplyWriter& r) { r.push(3); };
    CHECK(both([](ReplyWriter& r) { r.array(0); }) == "*0\r\n");
    CHECK(both([](ReplyWriter& r) { r.array(3); }) == "*3\r\n");
    CHECK(in(Version::k2, map) == "*6\r\n");
    CHECK(in(Version::k3, map) == "%3\r\n");
    CHECK(in(Version::k2, set) == "*3\r\n");
    CHECK(in(Version::k3, set) == "~3\r\n");
    CHECK(in(Version::k2, push) == "*3\r\n");
    CHECK(in(Version::k3, push) == ">3\r\n");
}

TEST_CASE("resp reply: booleans are integers in version 2") {
    const auto yes = [](ReplyWriter& r) { r.boolean(true); };
    const auto no = [](ReplyWriter& r) { r.boolean(false); };
    CHECK(in(Version::k2, yes) == ":1\r\n");
    CHECK(in(Version::k2, no) == ":0\r\n");
    CHECK(in(Version::k3, yes) == "#t\r\n");
    CHECK(in(Version::k3, no) == "#f\r\n");
}

TEST_CASE("resp reply: doubles have 17 digits and no fraction where there is none") {
    CHECK(number(1.5) == "1.5");
    CHECK(number(3) == "3");
    CHECK(number(0) == "0");
    CHECK(number(-2) == "-2");
    CHECK(number(0.1) == "0.10000000000000001");
    CHECK(number(3.141) == "3.141");
    CHECK(number(10.0 / 3) == "3.3333333333333335");
    CHECK(number(17179869184.5) == "17179869184.5");
    CHECK(number(1e-4) == "0.0001");
    CHECK(number(1e-5) == "1.0000000000000001e-05");
    CHECK(number(1e16) == "10000000000000000");
    CHECK(number(1e17) == "1e+17");
    CHECK(number(123456789012345678.0) == "1.2345678901234568e+17");
    CHECK(number(1e100) == "1e+100");
    CHECK(number(-std::numeric_limits<double>::denorm_min()) == "-4.9406564584124654e-324");
    CHECK(number(-std::numeric_limits<double>::max()) == "-1.7976931348623157e+308");
}

TEST_CASE("resp reply: doubles that are no numbers have names") {
    constexpr double kInf = std::numeric_limits<double>::infinity();
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    CHECK(number(kInf) == "inf");
    CHECK(number(-kInf) == "-inf");
    CHECK(number(kNan) == "nan");
    CHECK(number(-kNan) == "nan");
}

TEST_CASE("resp reply: verbatim text is a bulk string in version 2") {
    const auto text = [](ReplyWriter& r) { r.verbatim("txt", "two\nlines"); };
    CHECK(in(Version::k2, text) == "$9\r\ntwo\nlines\r\n");
    CHECK(in(Version::k3, text) == "=13\r\ntxt:two\nlines\r\n");
    CHECK(in(Version::k3, [](ReplyWriter& r) { r.verbatim("mkd", ""); }) == "=4\r\nmkd:\r\n");
}

TEST_CASE("resp reply: replies are appended") {
    std::string out = "before";
    ReplyWriter reply(out, Version::k3);
    CHECK(reply.version() == Version::k3);
    CHECK(&reply.out() == &out);
    reply.array(2);
    reply.integer(1);
    reply.null();
    CHECK(out == "before*2\r\n:1\r\n_\r\n");
}

TEST_CASE("resp reply: a large string is kept apart where it can be") {
    for (const size_t size : {Reply::kLargeBytes - 1, Reply::kLargeBytes, 3 * Reply::kLargeBytes}) {
        const std::string value(size, 'v');
        const std::string header = '$' + std::to_string(size) + "\r\n";
        std::string taken = value;
        Reply reply("+OK\r\n");
        ReplyWriter(reply.text, Version::k2, &reply.apart).take_bulk(taken);
        if (size < Reply::kLargeBytes) {
            CHECK(reply.text == "+OK\r\n" + header + value + "\r\n");
            CHECK(reply.apart.empty());
            CHECK(taken == value);
        } else {
            CHECK(reply.text == "+OK\r\n" + header + "\r\n");
            REQUIRE(reply.apart.size() == 1);
            CHECK(reply.apart[0].at == 5 + header.size());
            CHECK(reply.apart[0].bytes == value);
            CHECK(taken.empty());
        }
        CHECK(reply.bytes() == 5 + header.size() + size + 2);
        taken = value;
        std::string out;
        ReplyWriter(out, Version::k3).take_bulk(taken);
        CHECK(out == header + value + "\r\n");
        CHECK(taken == value);
    }
}

TEST_CASE("resp reply: memory that is much larger than its string is not taken") {
    std::string value;
    value.reserve(10 * Reply::kLargeBytes);
    value.assign(Reply::kLargeBytes, 'v');
    Reply reply;
    ReplyWriter(reply.text, Version::k2, &reply.apart).take_bulk(value);
    CHECK(reply.apart.empty());
    CHECK(value.size() == Reply::kLargeBytes);
}

}  // namespace kv::protocol::resp
