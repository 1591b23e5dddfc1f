// Inline commands are cut into words as Redis cuts them.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/resp/inline_words.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

namespace kv::protocol::resp {
namespace {

using Words = std::vector<std::string>;

// The words of `line`, or the single word "unbalanced".
Words split(Bytes line) {
    Args args;
    std::string store;
    if (!split_inline_words(line, args, store)) return {"unbalanced"};
    CHECK(store.size() <= line.size());
    return {args.begin(), args.end()};
}

}  // namespace

TEST_CASE("resp inline words: blanks part words") {
    CHECK(split("").empty());
    CHECK(split(" \t\r\v\f ").empty());
    CHECK(split("a") == Words{"a"});
    CHECK(split("  GET \t key\rx ") == Words{"GET", "key", "x"});
    CHECK(split("a\vb\fc") == Words{"a\vb\fc"});
    CHECK(split(Bytes("a\0b c", 5)) == Words{std::string("a\0b", 3), "c"});
}

TEST_CASE("resp inline words: plain words are views of the line") {
    const Bytes line = "GET key";
    Args args;
    std::string store;
    REQUIRE(split_inline_words(line, args, store));
    CHECK(args[1].data() == line.data() + 4);
    CHECK(store.empty());
}

TEST_CASE("resp inline words: double quotes hold escapes") {
    CHECK(split(R"("a b" "")") == Words{"a b", ""});
    CHECK(split(R"("\n\r\t\b\a")") == Words{"\n\r\t\b\a"});
    CHECK(split(R"("\x41\xfF\x00")") == Words{std::string("A\xFF\0", 3)});
    CHECK(split(R"("\q\\\"'")") == Words{"q\\\"'"});
    CHECK(split(R"("\xZZ\x4")") == Words{"xZZx4"});
    CHECK(split(R"(\x41\n)") == Words{R"(\x41\n)"});
}

TEST_CASE("resp inline words: single quotes hold one escape") {
    CHECK(split(R"('a b' '')") == Words{"a b", ""});
    CHECK(split(R"('a\'b\n\x41\\"')") == Words{R"(a'b\n\x41\\")"});
}

TEST_CASE("resp inline words: quotes may begin within a word and must end it") {
    CHECK(split(R"(a"b c" d'e f')") == Words{"ab c", "de f"});
    CHECK(split("\"a\"\v\fb") == Words{"a", "b"});
    for (const char* line : {R"("a"b)", R"('a'b)", R"("a""b")", R"("a"'b')", R"(a"b"c)"}) {
        INFO(line);
        CHECK(split(line) == Words{"unbalanced"});
    }
}

TEST_CASE("resp inline words: quotes must be closed") {
    for (const char* line : {"\"", "'", "\"a", "'a", "a\"", "\"a\\\"", "'a\\'", "\"a\\", "'a\\",
                             "\"\\x4", "ok \"a b'"}) {
        INFO(line);
        CHECK(split(line) == Words{"unbalanced"});
    }
}

TEST_CASE("resp inline words: any words come back when they are quoted") {
    const char* text = std::getenv("KV_TEST_SEED");
    const uint64_t seed =
        text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto quoted = [&](const std::string& word) {
        static constexpr char kHex[] = "0123456789abcdef";
        std::string out = "\"";
        for (const char c : word) {
            const auto byte = static_cast<uint8_t>(c);
            if (c == '"' || c == '\\') {
                out += std::string("\\") + c;
            } else if (c == '\n' || random() % 3 == 0) {
                out += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
            } else {
                out += c;
            }
        }
        return out + '"';
    };
    for (int round = 0; round < 2'000; ++round) {
        Words words(random() % 5);
        std::string line;
        for (std::string& word : words) {
            word.resize(random() % 10);
            for (char& c : word) c = static_cast<char>(random());
            line += quoted(word) + ' ';
        }
        INFO(escape_bytes(line));
        CHECK(split(line) == words);
    }
}

}  // namespace kv::protocol::resp
