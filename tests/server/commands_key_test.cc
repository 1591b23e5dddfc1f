// The commands of key_commands.cc and object_commands.cc.
// SPDX-License-Identifier: Apache-2.0
#include "server/command_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(CommandFixture, "del and unlink: a key counts once") {
    expect("DEL a", ":0|");
    expect("MSET a 1 b 2 c 3 d 4", "+OK|");
    expect("DEL a a none", ":1|");
    expect("DEL b", ":1|");
    expect("UNLINK c d c", ":2|");
    expect("EXISTS a b c d", ":0|");
}

TEST_CASE_METHOD(CommandFixture, "exists and touch: a key counts as often as it is named") {
    expect("MSET a 1 b 2", "+OK|");
    expect("EXISTS a a b none", ":3|");
    expect("EXISTS none", ":0|");
    expect("TOUCH a b a none", ":3|");
}

TEST_CASE_METHOD(CommandFixture, "type: strings are all there is") {
    expect("SET a 1", "+OK|");
    expect("TYPE a", "+string|");
    expect("TYPE none", "+none|");
}

TEST_CASE_METHOD(CommandFixture, "rename: takes value and expiry along") {
    expect("RENAME a b", "-ERR no such key|");
    expect("RENAME a a", "-ERR no such key|");
    expect("RENAMENX a b", "-ERR no such key|");
    expect("RENAMENX a a", "-ERR no such key|");
    expect("SET a 1", "+OK|");
    expect("SET b 2 EXAT 4102444800", "+OK|");
    expect("RENAME a b", "+OK|");
    expect("GET b", "$1|1|");
    expect("EXPIRETIME b", ":-1|");
    expect("EXISTS a", ":0|");
    expect("EXPIREAT b 4102444801", ":1|");
    expect("RENAME b a", "+OK|");
    expect("EXPIRETIME a", ":4102444801|");
    expect("RENAME a a", "+OK|");
    expect("GET a", "$1|1|");
    expect("RENAMENX a a", ":0|");
    expect("SET b 2", "+OK|");
    expect("RENAMENX a b", ":0|");
    expect("GET b", "$1|2|");
    expect("RENAMENX a c", ":1|");
    expect("GET c", "$1|1|");
    expect("EXPIRETIME c", ":4102444801|");
    expect("EXISTS a", ":0|");
}

TEST_CASE_METHOD(CommandFixture, "copy: within a database and into another") {
    expect("COPY a b", ":0|");
    expect("SET a 1 EXAT 4102444800", "+OK|");
    expect("COPY a b", ":1|");
    expect("GET b", "$1|1|");
    expect("EXPIRETIME b", ":4102444800|");
    expect("SET a 2", "+OK|");
    expect("COPY a b", ":0|");
    expect("COPY a b REPLACE", ":1|");
    expect("GET b", "$1|2|");
    expect("EXPIRETIME b", ":-1|");
    expect("COPY a a", "-ERR source and destination objects are the same|");
    expect("COPY a a REPLACE", "-ERR source and destination objects are the same|");
    expect("COPY none none", "-ERR source and destination objects are the same|");
    expect("COPY a a DB 3", ":1|");
    expect("COPY a a DB 3", ":0|");
    expect("COPY a a DB 3 REPLACE", ":1|");
    expect("COPY a b DB 0", ":0|");
    expect("COPY a b db 5 replace", ":1|");
    database = 3;
    expect("GET a", "$1|2|");
    database = 5;
    expect("GET b", "$1|2|");
    expect("COPY b b DB 0 REPLACE", ":1|");
    database = 0;
    expect("GET b", "$1|2|");
}

TEST_CASE_METHOD(CommandFixture, "copy: refuses bad options in Redis's order") {
    expect("COPY a b DB", "-ERR syntax error|");
    expect("COPY a b FOO", "-ERR syntax error|");
    expect("COPY a b DB x", "-ERR value is not an integer or out of range|");
    expect("COPY a b DB 16", "-ERR DB index is out of range|");
    expect("COPY a b DB -1", "-ERR DB index is out of range|");
    expect("COPY a b DB 2147483648",
           "-ERR value is out of range, value must between -2147483648 and 2147483647|");
    expect("COPY a b DB -2147483649",
           "-ERR value is out of range, value must between -2147483648 and 2147483647|");
    expect("COPY a b DB 9223372036854775808", "-ERR value is not an integer or out of range|");
    expect("COPY a a FOO", "-ERR syntax error|");
    expect("COPY a a DB 16", "-ERR DB index is out of range|");
    expect("COPY a a", "-ERR source and destination objects are the same|");
    expect("COPY none b DB 15", ":0|");
}

TEST_CASE_METHOD(CommandFixture, "object: what a value is made of") {
    expect("OBJECT ENCODING none", "$-1|");
    expect(
        "MSET i 12345 n -5 z 0 big 9223372036854775807 over 9223372036854775808 lead 007 e \"\" s "
        "text",
        "+OK|");
    expect("OBJECT ENCODING i", "$3|int|");
    expect("OBJECT ENCODING n", "$3|int|");
    expect("OBJECT ENCODING z", "$3|int|");
    expect("OBJECT ENCODING big", "$3|int|");
    expect("OBJECT ENCODING over", "$6|embstr|");
    expect("OBJECT ENCODING lead", "$6|embstr|");
    expect("OBJECT ENCODING e", "$6|embstr|");
    expect("OBJECT ENCODING s", "$6|embstr|");
    expect("SET m -9223372036854775808", "+OK|");
    expect("OBJECT ENCODING m", "$3|int|");
    expect("SET x aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "+OK|");
    expect("OBJECT ENCODING x", "$6|embstr|");
    expect("SET x aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "+OK|");
    expect("OBJECT ENCODING x", "$3|raw|");
    expect("OBJECT REFCOUNT s", ":1|");
    expect("OBJECT REFCOUNT i", ":1|");
    expect("OBJECT REFCOUNT n", ":1|");
    expect("SET i 9999", "+OK|");
    expect("OBJECT REFCOUNT i", ":2147483647|");
    expect("OBJECT REFCOUNT none", "$-1|");
    expect("OBJECT IDLETIME s", ":0|");
    expect("OBJECT IDLETIME none", "$-1|");
    expect("OBJECT FREQ s",
           "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please "
           "note that when switching between policies at runtime LRU and LFU data will take some "
           "time to adjust.|");
    expect("OBJECT FREQ none", "$-1|");
    version = Version::k3;
    expect("OBJECT ENCODING none", "_|");
}

TEST_CASE_METHOD(CommandFixture, "object help: tells the subcommands") {
    expect("OBJECT HELP",
           "*15|+OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:|+ENCODING <key>|+ "
           "   Return the kind of internal representation used in order to store the value|+    "
           "associated with a <key>.|+FREQ <key>|+    Return the access frequency index of the "
           "<key>. The returned integer is|+    proportional to the logarithm of the recent access "
           "frequency of the key.|+IDLETIME <key>|+    Return the idle time of the <key>, that is "
           "the approximated number of|+    seconds elapsed since the last access to the "
           "key.|+REFCOUNT <key>|+    Return the number of references of the value associated with "
           "the specified|+    <key>.|+HELP|+    Prints this help.|");
}

TEST_CASE_METHOD(CommandFixture, "memory usage: checks its options as Redis does") {
    expect("MEMORY USAGE none", "$-1|");
    expect("MEMORY USAGE none SAMPLES 0", "$-1|");
    expect("MEMORY USAGE none SAMPLES 5 SAMPLES 6", "$-1|");
    expect("MEMORY USAGE none SAMPLES", "-ERR syntax error|");
    expect("MEMORY USAGE none SAMPLES x", "-ERR value is not an integer or out of range|");
    expect("MEMORY USAGE none SAMPLES -1", "-ERR syntax error|");
    expect("MEMORY USAGE none FOO 1", "-ERR syntax error|");
    version = Version::k3;
    expect("MEMORY USAGE none", "_|");
}

}  // namespace kv::server
