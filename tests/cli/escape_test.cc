// Bytes as text: escapes, hex, base64, UTF-8.
// SPDX-License-Identifier: Apache-2.0
#include "cli/escape.h"

#include <catch2/catch.hpp>

namespace kv::cli {

TEST_CASE("escape: \\xHH is a byte, every other backslash is itself") {
    CHECK(decode_escapes("a\\x00b") == std::string("a\0b", 3));
    CHECK(decode_escapes("\\xfF") == "\xFF");
    CHECK(decode_escapes("C:\\new\\table") == "C:\\new\\table");
    CHECK(decode_escapes("{\"a\":\"\\u00e9\\n\\\"\"}") == "{\"a\":\"\\u00e9\\n\\\"\"}");
    CHECK(decode_escapes("\\x") == "\\x");
    CHECK(decode_escapes("\\x4") == "\\x4");
    CHECK(decode_escapes("\\xg0") == "\\xg0");
}

TEST_CASE("escape: what is printed reads back as the same bytes") {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    for (const std::string& bytes :
         {all, std::string("\\x41"), std::string("\\\\x41"), std::string("caf\xC3\xA9"),
          std::string("\xC3"), std::string("\xED\xA0\x80"), std::string("a\tb\n")}) {
        const std::string text = encode_escapes(bytes);
        INFO(text);
        CHECK(decode_escapes(text) == bytes);
        CHECK(text.find('\n') == std::string::npos);
        CHECK(is_valid_utf8(text));
    }
    CHECK(encode_escapes("caf\xC3\xA9") == "caf\xC3\xA9");
}

TEST_CASE("escape: a value on a terminal keeps its lines and cannot steer the terminal") {
    CHECK(terminal_safe("a\n\tb") == "a\n\tb");
    CHECK(terminal_safe("\x1b[2J\r") == "\\x1b[2J\\x0d");
    CHECK(terminal_safe("\xC2\x9B") == "\\xc2\\x9b");
}

TEST_CASE("escape: hex") {
    CHECK(to_hex("") == "");
    CHECK(to_hex(std::string("\x00\xFF", 2)) == "00ff");
}

TEST_CASE("escape: base64 of every length, and back") {
    CHECK(to_base64("") == "");
    CHECK(to_base64("f") == "Zg==");
    CHECK(to_base64("fo") == "Zm8=");
    CHECK(to_base64("foo") == "Zm9v");
    CHECK(to_base64("\xFB\xEF\xFF") == "++//");
    for (size_t length = 0; length < 70; ++length) {
        std::string bytes;
        for (size_t i = 0; i < length; ++i) bytes += static_cast<char>(i * 37 + length);
        const auto back = from_base64(to_base64(bytes));
        REQUIRE(back.is_ok());
        CHECK(*back == bytes);
    }
}

TEST_CASE("escape: what is not base64 is refused") {
    for (const char* text : {"a", "abc", "ab=c", "a===", "ab!d", "====", "Zm9v\n"}) {
        INFO(text);
        CHECK_FALSE(from_base64(text).is_ok());
    }
}

TEST_CASE("escape: UTF-8 means the shortest form of a real character") {
    CHECK(is_valid_utf8("plain"));
    CHECK(is_valid_utf8("\xF0\x9F\x98\x80"));
    CHECK_FALSE(is_valid_utf8("\x80"));
    CHECK_FALSE(is_valid_utf8("\xC0\x80"));
    CHECK_FALSE(is_valid_utf8("\xE0\x80\x80"));
    CHECK_FALSE(is_valid_utf8("\xED\xA0\x80"));
    CHECK_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));
    CHECK_FALSE(is_valid_utf8("\xE2\x82"));
}

}  // namespace kv::cli
