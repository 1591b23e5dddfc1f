// COMMAND: the table as clients read it.
// SPDX-License-Identifier: Apache-2.0
#include "server/control_fixture.h"

namespace kv::server {
namespace {

/// What a key set of commands that read or write one key looks like, in version 2.
std::string key_set(const std::string& flags, int first, int last, int step) {
    return "*6|$5|flags|" + flags +
           "$12|begin_search|*4|$4|type|$5|index|$4|spec|*2|$5|index|:" + std::to_string(first) +
           "|$9|find_keys|*4|$4|type|$5|range|$4|spec|*6|$7|lastkey|:" + std::to_string(last) +
           "|$7|keystep|:" + std::to_string(step) + "|$5|limit|:0|";
}

}  // namespace

TEST_CASE_METHOD(ControlFixture, "control: COMMAND INFO is as Redis tells it") {
    expect("COMMAND INFO get",
           "*1|*10|$3|get|:2|*2|+readonly|+fast|:1|:1|:1|*3|+@read|+@string|+@fast|*0|*1|" +
               key_set("*2|+RO|+access|", 1, 0, 1) + "*0|");
    expect("COMMAND INFO mset",
           "*1|*10|$4|mset|:-3|*2|+write|+denyoom|:1|:-1|:2|*3|+@write|+@string|+@slow|*2|$26|"
           "request_policy:multi_shard|$29|response_policy:all_succeeded|*1|" +
               key_set("*2|+OW|+update|", 1, -1, 2) + "*0|");
    expect("COMMAND INFO rename",
           "*1|*10|$6|rename|:3|*1|+write|:1|:2|:1|*3|+@keyspace|+@write|+@slow|*0|*2|" +
               key_set("*3|+RW|+access|+delete|", 1, 0, 1) + key_set("*2|+OW|+update|", 2, 0, 1) +
               "*0|");
    expect("COMMAND INFO Client|ID",
           "*1|*10|$9|client|id|:2|*3|+noscript|+loading|+stale|:0|:0|:0|*2|+@slow|+@connection|"
           "*0|*0|*0|");
    expect("COMMAND INFO nope", "*1|$-1|");
    client().handle->resp_version = 3;
    expect("COMMAND INFO ping",
           "*1|*10|$4|ping|:-1|~1|+fast|:0|:0|:0|~2|+@fast|+@connection|~2|$25|request_policy:all_"
           "shards|$29|response_policy:all_succeeded|~0|~0|");
}

TEST_CASE_METHOD(ControlFixture, "control: COMMAND and COMMAND INFO without names tell all") {
    const std::string count = std::to_string(all_commands().size());
    expect("COMMAND COUNT", ":" + count + "|");
    CHECK(answer("COMMAND").starts_with("*" + count + "\r\n*10\r\n$6\r\nappend\r\n"));
    CHECK(answer("COMMAND INFO") == answer("COMMAND"));
}

TEST_CASE_METHOD(ControlFixture, "control: COMMAND DOCS tells syntax as a tree of arguments") {
    client().handle->resp_version = 3;
    expect("COMMAND DOCS strlen nope",
           "%1|$6|strlen|%4|$7|summary|$43|Get the length of the value stored in a key|$5|since|$5|"
           "2.2.0|$5|group|$6|string|$9|arguments|*1|%3|$4|name|$3|key|$4|type|$3|key|$14|"
           "key_spec_index|:0|");
    expect(
        "COMMAND DOCS getex",
        "%1|$5|getex|%4|$7|summary|$56|Get the value of a key and optionally set its "
        "expiration|$5|since|$5|6.2.0|$5|group|$6|string|$9|arguments|*2|%3|$4|name|$3|key|$4|"
        "type|$3|key|$14|key_spec_index|:0|%4|$4|name|$69|seconds_milliseconds_unix-time-"
        "seconds_unix-time-milliseconds_persist|$4|type|$5|oneof|$5|flags|~1|+optional|$9|"
        "arguments|*5|%3|$4|name|$7|seconds|$4|type|$7|integer|$5|token|$2|EX|%3|$4|name|$12|"
        "milliseconds|$4|type|$7|integer|$5|token|$2|PX|%3|$4|name|$17|unix-time-seconds|$4|type|"
        "$9|unix-time|$5|token|$4|EXAT|%3|$4|name|$22|unix-time-milliseconds|$4|type|$9|"
        "unix-time|$5|token|$4|PXAT|%3|$4|name|$7|persist|$4|type|$10|pure-token|$5|token|$7|"
        "PERSIST|");
    const std::string client_docs = with_bars(answer("COMMAND DOCS client"));
    CHECK(client_docs.find("$11|subcommands|%") != std::string::npos);
    CHECK(client_docs.find("$14|client|setname|%4|") != std::string::npos);
    CHECK(answer("COMMAND DOCS")
              .starts_with("%" + std::to_string(all_commands().size()) + "\r\n$6\r\nappend\r\n"));
}

TEST_CASE_METHOD(ControlFixture, "control: COMMAND LIST filters by category and pattern") {
    expect("COMMAND LIST FILTERBY PATTERN GETR*", "*1|$8|getrange|");
    expect("COMMAND LIST FILTERBY PATTERN slowlog|g*", "*1|$11|slowlog|get|");
    expect("COMMAND LIST FILTERBY ACLCAT Transaction",
           "*5|$7|discard|$4|exec|$5|multi|$7|unwatch|$5|watch|");
    expect("COMMAND LIST FILTERBY ACLCAT nope", "*0|");
    expect("COMMAND LIST FILTERBY MODULE x", "*0|");
    expect("COMMAND LIST FILTERBY x y", "-ERR syntax error|");
    expect("COMMAND LIST x", "-ERR syntax error|");
    const std::string list = with_bars(answer("COMMAND LIST"));
    CHECK(list.starts_with("*" + std::to_string(command_count()) + "|$6|append|"));
    CHECK(list.find("|$6|client|") != std::string::npos);
    CHECK(list.find("|$11|client|list|") != std::string::npos);
    expect("COMMAND COUNT", ":" + std::to_string(all_commands().size()) + "|");
}

TEST_CASE_METHOD(ControlFixture, "control: COMMAND answers no more than there is room for") {
    config.limits.network_memory_bytes = 1U << 20;
    std::vector<std::string> words{"COMMAND", "INFO"};
    words.resize(100, "client");
    CHECK(with_bars(answer(words)).starts_with("*98|*10|$6|client|"));
    words.resize(10'000, "client");
    CHECK(answer(words) == "-BUSY network buffers are full; retry after 100 ms\r\n");
    words[1] = "DOCS";
    CHECK(answer(words) == answer("COMMAND DOCS client"));
}

TEST_CASE_METHOD(ControlFixture, "control: COMMAND GETKEYS finds the keys among the words") {
    expect("COMMAND GETKEYS mset a 1 b 2", "*2|$1|a|$1|b|");
    expect("COMMAND GETKEYS MEMORY USAGE k", "*1|$1|k|");
    expect("COMMAND GETKEYS lcs x y LEN", "*2|$1|x|$1|y|");
    expect("COMMAND GETKEYS nope x", "-ERR Invalid command specified|");
    expect("COMMAND GETKEYS object foo k", "-ERR Invalid command specified|");
    expect("COMMAND GETKEYS ping x", "-ERR The command has no key arguments|");
    expect("COMMAND GETKEYS GET a b", "-ERR Invalid number of arguments specified for command|");
}

TEST_CASE_METHOD(ControlFixture,
                 "control: COMMAND GETKEYSANDFLAGS tells what a call does to keys") {
    const std::string command = "COMMAND GETKEYSANDFLAGS ";
    expect(command + "mset a 1 b 2", "*2|*2|$1|a|*2|+OW|+update|*2|$1|b|*2|+OW|+update|");
    expect(command + "rename a b", "*2|*2|$1|a|*3|+RW|+access|+delete|*2|$1|b|*2|+OW|+update|");
    expect(command + "lcs a b", "*2|*2|$1|a|*2|+RO|+access|*2|$1|b|*2|+RO|+access|");
    expect(command + "object encoding a", "*1|*2|$1|a|*1|+RO|");
    for (const char* plain : {"set a b", "set a get", "set a b NX", "set get get"})
        expect(command + plain,
               std::string("*1|*2|$") + (plain[4] == 'g' ? "3|get" : "1|a") + "|*2|+OW|+update|");
    for (const char* reading : {"set a b GET", "set a b nx get", "set a b ex 10 get"})
        expect(command + reading, "*1|*2|$1|a|*3|+RW|+access|+update|");
    expect(command + "ping x", "-ERR The command has no key arguments|");
    expect(command + "nope a", "-ERR Invalid command specified|");
    expect(command + "get a b", "-ERR Invalid number of arguments specified for command|");
    expect("COMMAND GETKEYSANDFLAGS get", "wrong number of words");
    std::vector<std::string> many{"COMMAND", "GETKEYSANDFLAGS", "mset"};
    many.resize(500'003, "k");
    CHECK(answer(many).starts_with("*250000\r\n"));
    client().handle->resp_version = 3;
    expect(command + "mset a 1 b 2", "*2|*2|$1|a|~2|+OW|+update|*2|$1|b|~2|+OW|+update|");
}

}  // namespace kv::server
