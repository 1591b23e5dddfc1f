// number_text.cc and glob.cc on their own; glob against a plain recursive matcher.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "server/commands/argument_words.h"
#include "server/commands/glob.h"
#include "server/commands/number_text.h"
#include "support/seed.h"

namespace kv::server {
namespace {

/// The class at `pattern[at]`, which is behind its '['; `at` is moved behind its end.
bool plain_class(const std::string& pattern, size_t& at, char c) {
    const bool negated = at < pattern.size() && pattern[at] == '^';
    if (negated) ++at;
    bool found = false;
    while (at < pattern.size() && pattern[at] != ']') {
        if (pattern[at] == '\\' && at + 1 < pattern.size()) {
            found = found || pattern[at + 1] == c;
            at += 2;
        } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
            const auto [low, high] = std::minmax(pattern[at], pattern[at + 2]);
            found = found || (c >= low && c <= high);
            at += 3;
        } else {
            found = found || pattern[at] == c;
            ++at;
        }
    }
    ++at;
    return found != negated;
}

bool plain_match(const std::string& pattern, size_t at, const std::string& text, size_t i) {
    if (at >= pattern.size()) return i == text.size();
    if (pattern[at] == '*') {
        for (size_t skip = i; skip <= text.size(); ++skip) {
            if (plain_match(pattern, at + 1, text, skip)) return true;
        }
        return false;
    }
    if (i == text.size()) return false;
    bool fits = true;
    if (pattern[at] == '[') {
        fits = plain_class(pattern, ++at, text[i]);
    } else {
        if (pattern[at] == '\\' && at + 1 < pattern.size())
            ++at, fits = pattern[at] == text[i];
        else if (pattern[at] != '?')
            fits = pattern[at] == text[i];
        ++at;
    }
    return fits && plain_match(pattern, at, text, i + 1);
}

std::string any_of(Random& random, const std::string& letters, size_t most) {
    std::string text(random.below(most + 1), ' ');
    for (char& c : text) c = letters[random.below(letters.size())];
    return text;
}

}  // namespace

TEST_CASE("glob: agrees with a plain matcher on random patterns") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    int matched = 0;
    for (int i = 0; i < 200'000; ++i) {
        const std::string pattern = any_of(random, "ab\xe0*?[]^-\\", 9);
        const std::string text = any_of(random, "ab\xe0]-\\", 6);
        // Nothing but the empty pattern matches the empty text in Redis.
        const bool expected = text.empty() ? pattern.empty() : plain_match(pattern, 0, text, 0);
        if (glob_matches(pattern, text) != expected)
            FAIL("'" << pattern << "' on '" << text << "'");
        if (expected && !text.starts_with(glob_prefix(pattern))) FAIL("prefix of " << pattern);
        const auto literal = glob_literal(pattern);
        if (literal && !text.empty() && expected != (text == *literal)) FAIL(pattern);
        matched += expected ? 1 : 0;
    }
    CHECK(matched > 1'000);
}

TEST_CASE("glob: many stars do not take long") {
    std::string pattern;
    for (int i = 0; i < 1'000; ++i) pattern += "a*";
    const std::string text(100'000, 'a');
    CHECK(glob_matches(pattern, text));
    CHECK_FALSE(glob_matches(pattern + "b", text));
}

TEST_CASE("glob: agrees with a plain matcher where much is between two stars") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    int matched = 0;
    for (int i = 0; i < 5'000; ++i) {
        std::string text(random.below(400) + 1, ' ');
        for (char& c : text) c = "aab"[random.below(3)];
        // Some of the text in other words, once in a while with one that is wrong.
        std::string pattern = random.below(2) == 0 ? "*" : "?*";
        const size_t first = random.below(text.size());
        const size_t last = first + random.below(text.size() - first);
        for (size_t at = first; at <= last; ++at) {
            const char other = text[at] == 'a' ? 'b' : 'a';
            const std::array<std::string, 7> fit{std::string(1, text[at]),           "?",
                                                 std::string("\\") + text[at],       "[ab]",
                                                 std::string("[^") + other + "]",    "[a-b]",
                                                 std::string("[\\") + text[at] + "]"};
            pattern += random.below(500) == 0 ? std::string(1, other)
                                              : fit[random.below(2) == 0 ? 0 : random.below(7)];
        }
        pattern += random.below(2) == 0 ? "*" : "*?";
        const bool expected = plain_match(pattern, 0, text, 0);
        if (glob_matches(pattern, text) != expected ||
            glob_matches(pattern, text, true) != expected)
            FAIL("'" << pattern << "' on '" << text << "'");
        matched += expected ? 1 : 0;
    }
    CHECK(matched > 1'000);
    CHECK(matched < 4'900);
}

TEST_CASE("glob: what is made to take long does not") {
    const std::string text(kMaxPatternBytes, 'a');
    std::string any, several;
    for (size_t i = 0; i < kMaxPatternBytes / 4; ++i) any += "a?";
    for (size_t i = 0; i < kMaxPatternBytes / 8; ++i) several += "[^b]";
    const std::string many = text.substr(text.size() / 2);
    const std::string in_class = "[" + many + "]";
    for (const std::string& pattern :
         {"*" + many + "b*", "*" + many + "b", "*" + any + "b*", "*" + any + "b",
          "*" + several + "b*", "*" + in_class + "b*", "*\\" + many + "b*"}) {
        // Often enough that a test which steps through both for each other does not end.
        for (int i = 0; i < 20; ++i) {
            if (glob_matches(pattern, text)) FAIL(pattern.substr(0, 10));
        }
    }
    CHECK(glob_matches("*" + any + "*", text));
    CHECK(glob_matches("*" + several + in_class, text));
}

TEST_CASE("glob: case, ranges and unfinished patterns") {
    CHECK(glob_matches("H[A-C]LLO*", "hbllo world", true));
    CHECK_FALSE(glob_matches("H[A-C]LLO*", "hbllo world"));
    CHECK_FALSE(glob_matches("[\\A]", "a", true));
    CHECK(glob_matches("[z-a]", "m"));
    CHECK(glob_matches("[a", "a"));
    CHECK(glob_matches("[^", "a"));
    CHECK_FALSE(glob_matches("[", "["));
    CHECK(glob_matches("a\\", "a\\"));
    CHECK_FALSE(glob_matches("*", ""));
    CHECK(glob_matches("", ""));
    // Bytes of a range are compared signed.
    CHECK(glob_matches("[a-\xff]", "A"));
    CHECK_FALSE(glob_matches("[a-\xff]", "z"));
    CHECK(glob_prefix("a\\*b*c") == "a*b");
    CHECK(glob_prefix("[a]").empty());
    CHECK(glob_prefix("ab\\") == "ab\\");
    CHECK(glob_literal("a\\?") == "a?");
    CHECK_FALSE(glob_literal("a?").has_value());
}

TEST_CASE("numbers: integers only in their shortest form") {
    CHECK(parse_integer("0") == 0);
    CHECK(parse_integer("-1") == -1);
    CHECK(parse_integer("9223372036854775807") == std::numeric_limits<int64_t>::max());
    CHECK(parse_integer("-9223372036854775808") == std::numeric_limits<int64_t>::min());
    for (const char* text : {"", "-", "-0", "00", "01", "-01", "+1", " 1", "1 ", "1.0", "0x1",
                             "1e3", "--1", "9223372036854775808", "-9223372036854775809"}) {
        INFO(text);
        CHECK_FALSE(parse_integer(text).has_value());
    }
    CHECK_FALSE(parse_integer(Bytes("1\0", 2)).has_value());
}

TEST_CASE("numbers: what is printed is read again") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int i = 0; i < 10'000; ++i) {
        const auto value = static_cast<int64_t>(random.next() >> random.below(64));
        CHECK(parse_integer(std::to_string(value)) == value);
        const std::string text = format_long_double(static_cast<long double>(value) / 1024);
        const auto again = parse_long_double(text);
        REQUIRE(again.has_value());
        CHECK(format_long_double(*again) == text);
    }
    CHECK(format_long_double(std::numeric_limits<long double>::max()).size() == 4933);
}

TEST_CASE("words: are compared in any case") {
    CHECK(word_is("KeepTTL", "keepttl"));
    CHECK_FALSE(word_is("keepttl ", "keepttl"));
    CHECK_FALSE(word_is("", "nx"));
    CHECK_FALSE(word_is("@x", "`x"));
}

}  // namespace kv::server
