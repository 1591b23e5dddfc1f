// The commands of kv_commands.cc, and what kvd does differently from Redis in all others: limits of
// keys and values, a store that would block.
// SPDX-License-Identifier: Apache-2.0
#include "server/command_fixture.h"
#include "server/commands/explanation_answer.h"

namespace kv::server {

TEST_CASE_METHOD(CommandFixture, "kv.range: entries of a range in order") {
    given({"MSET a 1 b 2 c 3 \\xff 4"});
    expect("KV.RANGE b c", "*2|$1|b|$1|2|");
    expect("KV.RANGE a c", "*4|$1|a|$1|1|$1|b|$1|2|");
    expect("KV.RANGE c \"\"", "*4|$1|c|$1|3|$1|\xff|$1|4|");
    expect("KV.RANGE \"\" b", "*2|$1|a|$1|1|");
    expect("KV.RANGE \"\" \"\" KEYSONLY", "*4|$1|a|$1|b|$1|c|$1|\xff|");
    expect("KV.RANGE \"\" \"\" limit 2 keysonly", "*2|$1|a|$1|b|");
    expect("KV.RANGE \"\" \"\" LIMIT 1", "*2|$1|a|$1|1|");
    expect("KV.RANGE \"\" \"\" LIMIT 0", "*0|");
    expect("KV.RANGE b b", "*0|");
    expect("KV.RANGE c a", "*0|");
    version = Version::k3;
    expect("KV.RANGE a c", "*2|*2|$1|a|$1|1|*2|$1|b|$1|2|");
    expect("KV.RANGE a b KEYSONLY", "*1|$1|a|");
    database = 1;
    expect("KV.RANGE \"\" \"\"", "*0|");
}

TEST_CASE_METHOD(CommandFixture, "kv.revrange: the same entries from the last to the first") {
    given({"MSET a 1 b 2 c 3"});
    expect("KV.REVRANGE a c", "*4|$1|b|$1|2|$1|a|$1|1|");
    expect("KV.REVRANGE \"\" \"\" LIMIT 2 KEYSONLY", "*2|$1|c|$1|b|");
    expect("KV.REVRANGE c a", "*0|");
}

TEST_CASE_METHOD(CommandFixture, "kv.range: refuses bad options") {
    expect("KV.RANGE a b FOO", "-ERR syntax error|");
    expect("KV.RANGE a b LIMIT", "-ERR syntax error|");
    expect("KV.RANGE a b LIMIT x", "-ERR value is not an integer or out of range|");
    expect("KV.REVRANGE a b LIMIT -1", "-ERR LIMIT must not be negative|");
}

TEST_CASE_METHOD(CommandFixture, "kv.delrange and kv.delprefix: delete what the range holds") {
    given({"MSET a 1 ab 1 abc 1 b 1 \\xff 1 \\xff\\xff 1"});
    expect("KV.DELRANGE c a", "+OK|");
    expect("KV.DELRANGE a a", "+OK|");
    CHECK(view.mutations == 6);
    expect("KV.DELPREFIX \"\"", "-ERR every key begins with the empty prefix: use FLUSHDB|");
    expect("KV.DELPREFIX ab", "+OK|");
    expect("KEYS *", "*4|$1|a|$1|b|$1|\xff|$2|\xff\xff|");
    expect("KV.DELPREFIX \\xff\\xff", "+OK|");
    expect("KEYS *", "*3|$1|a|$1|b|$1|\xff|");
    expect("KV.DELRANGE b \"\"", "+OK|");
    expect("KEYS *", "*1|$1|a|");
    expect("KV.DELRANGE \"\" b", "+OK|");
    expect("KEYS *", "*0|");
    database = 3;
    given({"SET a 1"});
    database = 0;
    expect("KV.DELRANGE \"\" \"\"", "+OK|");
    database = 3;
    expect("KEYS *", "*1|$1|a|");
}

TEST_CASE_METHOD(CommandFixture, "kv.explain: tells how a get would find nothing") {
    const char* const nothing =
        "*18|$7|outcome|$6|absent|$5|seqno|:0|$11|value_bytes|:0|$6|source|$0||$9|memtables|:0|"
        "$12|memtables_us|:0|$6|tables|*0|$18|tables_passed_over|:0|$8|total_us|:0|";
    CHECK(with_bars(answer("KV.EXPLAIN a")) == nothing);
    CHECK(with_bars(answer("KV.EXPLAIN \"\"")) == nothing);
}

TEST_CASE("kv.explain: shows each table that was asked") {
    GetExplanation story;
    story.outcome = GetExplanation::Outcome::kDeletedByRange;
    story.seqno = 7;
    story.source = "table 12 of level 1";
    story.memtables = 2;
    story.tables.push_back({11, 0, true, true, false, 1, 0, 2});
    story.tables.push_back({12, 1, false, false, true, 0, 3, 40});
    story.tables_passed_over = 9;
    story.total_us = 50;
    std::string out;
    protocol::resp::ReplyWriter reply(out, protocol::resp::Version::k3);
    answer_explanation(story, reply);
    CHECK(CommandFixture::with_bars(out) ==
          "%9|$7|outcome|$25|deleted by a range delete|$5|seqno|:7|$11|value_bytes|:0|$6|source|"
          "$19|table 12 of level 1|$9|memtables|:2|$12|memtables_us|:0|$6|tables|*2|"
          "%7|$5|table|:11|$5|level|:0|$6|filter|$15|surely not here|$5|found|$2|no|"
          "$13|cached_blocks|:1|$11|disk_blocks|:0|$2|us|:2|"
          "%7|$5|table|:12|$5|level|:1|$6|filter|$9|not asked|$5|found|$3|yes|"
          "$13|cached_blocks|:0|$11|disk_blocks|:3|$2|us|:40|"
          "$18|tables_passed_over|:9|$8|total_us|:50|");
}

TEST_CASE_METHOD(CommandFixture, "memory usage: counts the key as it is stored and the value") {
    given({"SET a 12345", "SET b 12345 EX 100"});
    expect("MEMORY USAGE a", ":14|");
    expect("MEMORY USAGE b SAMPLES 5", ":22|");
    database = 4;
    given({"SET a 12345"});
    expect("MEMORY USAGE a", ":20|");
}

TEST_CASE_METHOD(CommandFixture, "empty keys: every write refuses them in every database") {
    for (const uint32_t each : {0U, 5U}) {
        database = each;
        given({"SET a 1"});
        for (const std::string_view line :
             {"SET \"\" 1", "SET \"\" 1 XX", "SETNX \"\" 1", "SETEX \"\" 10 1", "PSETEX \"\" 10 1",
              "GETSET \"\" 1", "MSET a 1 \"\" 2", "MSETNX b 1 \"\" 2", "INCR \"\"", "DECR \"\"",
              "INCRBY \"\" 1", "DECRBY \"\" 1", "INCRBYFLOAT \"\" 1", "APPEND \"\" 1",
              "SETRANGE \"\" 1 x", "RENAME a \"\"", "RENAMENX a \"\"", "COPY a \"\"",
              "COPY a \"\" DB 3 REPLACE"}) {
            expect(line, "-ERR a key must have at least one byte|");
        }
        expect("MGET a b", "*2|$1|1|$-1|");
    }
}

TEST_CASE_METHOD(CommandFixture, "empty keys: reads and deletes find nothing") {
    expect("GET \"\"", "$-1|");
    expect("GETDEL \"\"", "$-1|");
    expect("GETEX \"\" EX 10", "$-1|");
    expect("STRLEN \"\"", ":0|");
    expect("GETRANGE \"\" 0 -1", "$0||");
    expect("SETRANGE \"\" 5 \"\"", ":0|");
    expect("DEL \"\"", ":0|");
    expect("EXISTS \"\"", ":0|");
    expect("EXPIRE \"\" 10", ":0|");
    expect("PERSIST \"\"", ":0|");
    expect("TTL \"\"", ":-2|");
    expect("TYPE \"\"", "+none|");
    expect("RENAME \"\" a", "-ERR no such key|");
    expect("COPY \"\" a", ":0|");
    expect("OBJECT ENCODING \"\"", "$-1|");
    CHECK(view.mutations == 0);
}

TEST_CASE_METHOD(CommandFixture, "limits: oversize keys and values are refused with both numbers") {
    config.engine.max_key_bytes = 10;
    config.engine.max_value_bytes = 8;
    expect("SET 0123456789 1", "+OK|");
    expect("SET 01234567890 1", "-ERR key of 11 bytes is over the limit of 10|");
    expect("INCR 01234567890", "-ERR key of 11 bytes is over the limit of 10|");
    expect("RENAME 0123456789 01234567890", "-ERR key of 11 bytes is over the limit of 10|");
    expect("KV.DELRANGE a 01234567890", "-ERR key of 11 bytes is over the limit of 10|");
    expect("KV.DELPREFIX 01234567890", "-ERR key of 11 bytes is over the limit of 10|");
    expect("GET 01234567890", "$-1|");
    expect("DEL 01234567890", ":0|");
    expect("SET a 12345678", "+OK|");
    expect("SET a 123456789", "-ERR value of 9 bytes is over the limit of 8|");
    expect("MSET b 1 a 123456789", "-ERR value of 9 bytes is over the limit of 8|");
    expect("APPEND a 9", "-ERR value of 9 bytes is over the limit of 8|");
    expect("SETRANGE a 8 9", "-ERR value of 9 bytes is over the limit of 8|");
    expect("SETRANGE a 7 9", ":8|");
    expect("INCR a", ":12345680|");
    expect("EXISTS b", ":0|");
}

TEST_CASE_METHOD(CommandFixture, "limits: a key may be as long as its database stores it") {
    config.engine.max_key_bytes = 10;
    SECTION("whole in database 0") {
        expect("SET 0123456789 1", "+OK|");
        expect("MGET 0123456789 01234567890", "*2|$1|1|$-1|");
        expect("COPY 0123456789 0123 DB 1", ":1|");
        expect("COPY 0123456789 01234 DB 1", "-ERR key of 5 bytes is over the limit of 4|");
        expect("DEL 0123456789", ":1|");
    }
    SECTION("but for a byte where its first one is FF") {
        expect("SET \\xff12345678 1", "+OK|");
        expect("SET \\xff123456789 1", "-ERR key of 10 bytes is over the limit of 9|");
        expect("EXISTS \\xff12345678 \\xff123456789", ":1|");
    }
    SECTION("six bytes less in the others") {
        database = 1;
        expect("SET 0123 1", "+OK|");
        expect("SET 01234 1", "-ERR key of 5 bytes is over the limit of 4|");
        expect("EXISTS 0123 01234", ":1|");
        expect("COPY 0123 0123456789 DB 0", ":1|");
    }
    SECTION("none in the others when there is no room for what they add") {
        config.engine.max_key_bytes = 3;
        database = 1;
        expect("SET a 1", "-ERR key of 1 bytes is over the limit of 0|");
        expect("GET a", "$-1|");
    }
}

TEST_CASE_METHOD(CommandFixture, "cold store: every command hands on that it would block") {
    given({"SET a 1"});
    view.cold = true;
    const size_t before = view.mutations;
    for (const std::string_view line : {"GET a",         "SET a 1 NX",
                                        "GETSET a 1",    "MGET b a",
                                        "MSETNX a 1",    "INCR a",
                                        "APPEND a 1",    "SETRANGE a 0 1",
                                        "LCS a b",       "DEL a",
                                        "EXISTS a",      "RENAME a b",
                                        "COPY a b",      "EXPIRE a 1",
                                        "TTL a",         "PERSIST a",
                                        "KEYS *",        "SCAN 0",
                                        "RANDOMKEY",     "DBSIZE",
                                        "KV.RANGE a b",  "OBJECT ENCODING a",
                                        "MEMORY USAGE a"}) {
        INFO(line);
        CHECK(answer(line).starts_with("status: would_block"));
    }
    CHECK(view.mutations == before);
    expect("SET a 2", "+OK|");
    expect("KV.DELPREFIX a", "+OK|");
    expect("FLUSHALL", "+OK|");
}

}  // namespace kv::server
