// The commands of walk_commands.cc and database_commands.cc, where they are Redis's.
// SPDX-License-Identifier: Apache-2.0
#include "server/command_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(CommandFixture, "keys: those that match, in order") {
    expect("KEYS *", "*0|");
    expect("SET hello 1", "+OK|");
    expect("KEYS *", "*1|$5|hello|");
    expect("KEYS hello", "*1|$5|hello|");
    expect("KEYS h*o", "*1|$5|hello|");
    expect("KEYS h?llo", "*1|$5|hello|");
    expect("KEYS h[ae]llo", "*1|$5|hello|");
    expect("KEYS h[^e]llo", "*0|");
    expect("KEYS h[a-f]llo", "*1|$5|hello|");
    expect("KEYS hell", "*0|");
    expect("KEYS hello?", "*0|");
    expect("KEYS \"\"", "*0|");
    expect("KEYS hell\\x5co", "*1|$5|hello|");
    expect("KEYS *\\x5c", "*0|");
    expect("SET \\xff\\x00b 1", "+OK|");
    expect("KEYS \\xff*",
           "*1|$3|\xff\x00"
           "b|");
    expect("DEL hello", ":1|");
    expect("KEYS *b",
           "*1|$3|\xff\x00"
           "b|");
    version = Version::k3;
    expect("KEYS nothing*", "*0|");
    expect("KEYS *",
           "*1|$3|\xff\x00"
           "b|");
}

TEST_CASE_METHOD(CommandFixture, "scan: refuses bad cursors and options as Redis does") {
    expect("SCAN x", "-ERR invalid cursor|");
    expect("SCAN 0x", "-ERR invalid cursor|");
    expect("SCAN _0", "-ERR invalid cursor|");
    expect("SCAN -", "-ERR invalid cursor|");
    expect("SCAN 99999999999999999999", "-ERR invalid cursor|");
    expect("SCAN 0 COUNT", "-ERR syntax error|");
    expect("SCAN 0 COUNT 0", "-ERR syntax error|");
    expect("SCAN 0 COUNT -1", "-ERR syntax error|");
    expect("SCAN 0 COUNT x", "-ERR value is not an integer or out of range|");
    expect("SCAN 0 MATCH", "-ERR syntax error|");
    expect("SCAN 0 TYPE", "-ERR syntax error|");
    expect("SCAN 0 FOO 1", "-ERR syntax error|");
    expect("SCAN 0 MATCH * FOO", "-ERR syntax error|");
    expect("SCAN x FOO", "-ERR invalid cursor|");
    expect("SCAN 0 COUNT x FOO", "-ERR value is not an integer or out of range|");
}

TEST_CASE_METHOD(CommandFixture, "scan: one step is enough for few keys") {
    expect("SCAN 0", "*2|$1|0|*0|");
    expect("SCAN \"\"", "*2|$1|0|*0|");
    expect("SCAN -0", "*2|$1|0|*0|");
    expect("SCAN +0", "*2|$1|0|*0|");
    expect("SET key 1", "+OK|");
    expect("SCAN 0", "*2|$1|0|*1|$3|key|");
    expect("SCAN 0 COUNT 5", "*2|$1|0|*1|$3|key|");
    expect("SCAN 0 MATCH k*", "*2|$1|0|*1|$3|key|");
    expect("SCAN 0 MATCH x*", "*2|$1|0|*0|");
    expect("SCAN 0 TYPE string", "*2|$1|0|*1|$3|key|");
    expect("SCAN 0 TYPE STRING", "*2|$1|0|*1|$3|key|");
    expect("SCAN 0 TYPE hash", "*2|$1|0|*0|");
    expect("SCAN 0 TYPE nonsense", "*2|$1|0|*0|");
    expect("SCAN 0 match key count 3 type string", "*2|$1|0|*1|$3|key|");
    expect("SCAN 0 MATCH a MATCH *", "*2|$1|0|*1|$3|key|");
    version = Version::k3;
    expect("SCAN 0", "*2|$1|0|*1|$3|key|");
}

TEST_CASE_METHOD(CommandFixture, "databases: are counted and emptied on their own") {
    expect("DBSIZE", ":0|");
    expect("MSET a 1 b 2", "+OK|");
    expect("DBSIZE", ":2|");
    database = 1;
    expect("DBSIZE", ":0|");
    expect("SET x 1", "+OK|");
    expect("RANDOMKEY", "$1|x|");
    expect("FLUSHDB", "+OK|");
    expect("DBSIZE", ":0|");
    expect("SET x 1", "+OK|");
    database = 0;
    expect("DBSIZE", ":2|");
    expect("FLUSHDB SYNC", "+OK|");
    expect("DBSIZE", ":0|");
    expect("RANDOMKEY", "$-1|");
    database = 1;
    expect("DBSIZE", ":1|");
    expect("FLUSHALL ASYNC", "+OK|");
    expect("DBSIZE", ":0|");
    expect("FLUSHDB FOO", "-ERR syntax error|");
    expect("FLUSHALL FOO", "-ERR syntax error|");
    expect("FLUSHALL SYNC ASYNC", "-ERR syntax error|");
    expect("FLUSHDB async", "+OK|");
    expect("FLUSHALL", "+OK|");
    version = Version::k3;
    expect("RANDOMKEY", "_|");
}

TEST_CASE_METHOD(CommandFixture, "keys, scan: patterns are no longer than the largest key") {
    given({"SET key 1"});
    const std::string most(65'536, '*'), more = most + '*';
    CHECK(with_bars(answer({"KEYS", most})) == "*1|$3|key|");
    CHECK(with_bars(answer({"SCAN", "0", "MATCH", most})) == "*2|$1|0|*1|$3|key|");
    const std::string error = "-ERR pattern of 65537 bytes is over the limit of 65536|";
    CHECK(with_bars(answer({"KEYS", more})) == error);
    CHECK(with_bars(answer({"SCAN", "0", "MATCH", more})) == error);
}

TEST_CASE_METHOD(CommandFixture, "walks: they end when the memory of the network is full") {
    config.limits.network_memory_bytes = 300'000;
    const std::string key(1000, 'k');
    for (int i = 0; i < 500; ++i) {
        answer({"SET", key + std::to_string(i), std::string(i % 10 == 0 ? 100 : 0, 'v')});
    }
    const auto is_full = [](const std::string& text) {
        return text.starts_with("status: ") && text.find("network buffers are full") != text.npos;
    };
    CHECK(is_full(answer("KEYS *")));
    CHECK(is_full(answer({"SCAN", "0", "COUNT", "1000"})));
    CHECK(is_full(answer({"KV.RANGE", "", ""})));
    CHECK(is_full(answer({"KV.REVRANGE", "", "", "KEYSONLY"})));
    CHECK(shared().memory.used() == 0);
    CHECK(with_bars(answer({"KV.RANGE", "", "", "LIMIT", "200"})).starts_with("*400|"));
    CHECK(shared().memory.used() == 0);
}

}  // namespace kv::server
