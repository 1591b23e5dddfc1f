// What is typed: words, arguments, batch lines, completion.
// SPDX-License-Identifier: Apache-2.0
#include "cli/words.h"

#include <catch2/catch.hpp>

#include "cli/arguments.h"
#include "cli/batch_lines.h"
#include "cli/repl.h"

namespace kv::cli {

namespace {

std::vector<std::string> texts(std::string_view line) {
    const auto words = split_words(line);
    REQUIRE(words.is_ok());
    std::vector<std::string> out;
    for (const Word& word : *words) out.push_back(word.text);
    return out;
}

using Texts = std::vector<std::string>;

Result<Arguments> parse(std::string_view line) {
    const auto words = split_words(line);
    REQUIRE(words.is_ok());
    return parse_arguments(*words, {{"--limit", true}, {"--keys", false}});
}

Status batch_line(std::string_view line, client::Batch& batch) {
    const auto words = split_words(line);
    REQUIRE(words.is_ok());
    return add_batch_line(*words, batch);
}

}  // namespace

TEST_CASE("words: blanks separate, quotes keep together") {
    CHECK(texts("").empty());
    CHECK(texts("  \t\n").empty());
    CHECK(texts("# a comment").empty());
    CHECK(texts("put a b\n") == Texts{"put", "a", "b"});
    CHECK(texts("put 'a b' \"c d\"") == Texts{"put", "a b", "c d"});
    CHECK(texts("put '' \"\"") == Texts{"put", "", ""});
    CHECK(texts("a'b c'd") == Texts{"ab cd"});
    CHECK(texts("put #a") == Texts{"put", "#a"});
}

TEST_CASE("words: single quotes are literal, double quotes know escapes, plain words \\xHH") {
    CHECK(texts("'\\x41\\n'") == Texts{"\\x41\\n"});
    CHECK(texts("\"\\x41\\n\\t\\r\\\"\\\\\\q\"") == Texts{"A\n\t\r\"\\\\q"});
    CHECK(texts("\\x41\\n") == Texts{"A\\n"});
    CHECK(texts("\"\\xzz\"") == Texts{"\\xzz"});
}

TEST_CASE("arguments: dashes that are written as escapes make no option") {
    const auto arguments = parse("a \\x2d\\x2dkeys -\\x2dlimit=1 \\x2d\\x2d b");
    REQUIRE(arguments.is_ok());
    CHECK(arguments->words == Texts{"a", "--keys", "--limit=1", "--", "b"});
    CHECK_FALSE(arguments->has("--keys"));
}

TEST_CASE("words: an open quote is refused with its column") {
    for (const char* line : {"get 'a", "get \"a", "get \"a\\\""}) {
        INFO(line);
        const auto words = split_words(line);
        REQUIRE_FALSE(words.is_ok());
        CHECK(words.error().message().find("column 5") != std::string_view::npos);
    }
}

TEST_CASE("words: secrets and lines with a blank in front stay out of the history") {
    CHECK(belongs_in_history("get a"));
    CHECK_FALSE(belongs_in_history(""));
    CHECK_FALSE(belongs_in_history(" get a"));
    CHECK_FALSE(belongs_in_history("AUTH me secret"));
    CHECK_FALSE(belongs_in_history("put auth-token x"));
}

TEST_CASE("arguments: options anywhere, single dashes and quoted dashes are words") {
    const auto arguments = parse("a --limit 5 -5 - --keys '--keys' -- --limit");
    REQUIRE(arguments.is_ok());
    CHECK(arguments->words == Texts{"a", "-5", "-", "--keys", "--limit"});
    CHECK(arguments->number("--limit", 0).value() == 5);
    CHECK(arguments->has("--keys"));
    CHECK(parse("--limit=7")->value("--limit") == "7");
}

TEST_CASE("arguments: a dash is standard input only where it stands as it is") {
    const auto arguments = parse("- '-' \"-\" \\x2d -'' ''- a - -- -");
    REQUIRE(arguments.is_ok());
    CHECK(arguments->words == Texts{"-", "-", "-", "-", "-", "-", "a", "-", "-"});
    CHECK(arguments->dashes == std::set<size_t>{0, 7, 8});
}

TEST_CASE("words: escapes that are kept are plain text, and quotes still hold words together") {
    const auto words = split_words("a\\x41 \"b \\x42\\n\" 'c \\x43'", Escapes::kKept);
    REQUIRE(words.is_ok());
    REQUIRE(words->size() == 3);
    CHECK((*words)[0].text == "a\\x41");
    CHECK((*words)[1].text == "b \\x42\n");
    CHECK((*words)[2].text == "c \\x43");
}

TEST_CASE("arguments: unknown options, missing and superfluous values are refused") {
    CHECK_FALSE(parse("--nope").is_ok());
    CHECK_FALSE(parse("--limit").is_ok());
    CHECK_FALSE(parse("--keys=1").is_ok());
    CHECK_FALSE(parse("--limit x")->number("--limit", 0).is_ok());
    CHECK_FALSE(parse("--limit -1")->number("--limit", 0).is_ok());
}

TEST_CASE("arguments: durations need a unit and are not zero") {
    CHECK(parse_duration_ms("250ms").value() == 250);
    CHECK(parse_duration_ms("10s").value() == 10'000);
    CHECK(parse_duration_ms("5m").value() == 300'000);
    CHECK(parse_duration_ms("2h").value() == 7'200'000);
    CHECK(parse_duration_ms("1d").value() == 86'400'000);
    for (const char* text : {"", "10", "s", "0s", "-1s", "1.5s", "1 s", "1w",
                             "99999999999999999999s", "18446744073709551615d"}) {
        INFO(text);
        CHECK_FALSE(parse_duration_ms(text).is_ok());
    }
}

TEST_CASE("arguments: integers fill 64 bits and no more") {
    CHECK(parse_int64("-9223372036854775808").value() == INT64_MIN);
    CHECK_FALSE(parse_int64("9223372036854775808").is_ok());
    CHECK_FALSE(parse_int64("1x").is_ok());
    CHECK_FALSE(parse_int64("").is_ok());
}

TEST_CASE("batch lines: changes and preconditions") {
    client::Batch batch;
    CHECK(batch_line("require-absent a", batch).is_ok());
    CHECK(batch.count() == 0);
    CHECK_FALSE(batch.empty());
    CHECK(batch_line("require b 1", batch).is_ok());
    CHECK(batch_line("require-present c", batch).is_ok());
    CHECK(batch_line("put a 1 --ttl 10s", batch).is_ok());
    CHECK(batch_line("del b", batch).is_ok());
    CHECK(batch_line("incr n -4", batch).is_ok());
    CHECK(batch.count() == 3);
}

TEST_CASE("batch lines: what does not fit is refused and changes nothing") {
    client::Batch batch;
    for (const char* line : {"get a", "put a", "del", "del a b", "incr n x", "require a",
                             "del a --ttl 1s", "put a b --ttl 10", "put a b --json"}) {
        INFO(line);
        CHECK_FALSE(batch_line(line, batch).is_ok());
    }
    CHECK(batch.empty());
}

TEST_CASE("completion: commands first, then the options of the command") {
    CHECK(completions("rs") == Texts{"rscan"});
    CHECK(completions("st") == Texts{"status", "stats"});
    CHECK(completions("help sc") == Texts{"scan"});
    CHECK(completions("scan --li") == Texts{"--limit"});
    CHECK(completions("scan x").empty());
    CHECK(completions("nope --").empty());
    CHECK(completions("").size() == all_commands().size());
}

}  // namespace kv::cli
