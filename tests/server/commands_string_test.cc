// The commands of string_commands.cc and set_commands.cc.
// SPDX-License-Identifier: Apache-2.0
#include "server/command_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(CommandFixture, "get and set: a value comes back as it was given") {
    expect("GET a", "$-1|");
    expect("SET a 1", "+OK|");
    expect("GET a", "$1|1|");
    expect("SET a one\\x00\\xffbyte", "+OK|");
    expect("GET a",
           "$9|one\x00\xff"
           "byte|");
    expect("SET a \"\"", "+OK|");
    expect("GET a", "$0||");
    expect("STRLEN a", ":0|");
    version = Version::k3;
    expect("GET a", "$0||");
    expect("GET none", "_|");
}

TEST_CASE_METHOD(
    CommandFixture,
    "set: options are taken in any case and order, and exclude each other as in Redis") {
    expect("SET a 1 nx", "+OK|");
    expect("SET a 2 NX", "$-1|");
    expect("SET b 1 XX", "$-1|");
    expect("SET a 3 xX", "+OK|");
    expect("GET a", "$1|3|");
    expect("SET a 1 NX XX", "-ERR syntax error|");
    expect("SET a 1 XX NX", "-ERR syntax error|");
    expect("SET a 1 NX NX", "$-1|");
    expect("SET a 1 FOO", "-ERR syntax error|");
    expect("SET a 1 EX", "-ERR syntax error|");
    expect("SET a 1 EX 10 PX 10", "-ERR syntax error|");
    expect("SET a 1 EX 10 EX 20", "+OK|");
    expect("SET a 1 EX 10 KEEPTTL", "-ERR syntax error|");
    expect("SET a 1 KEEPTTL EX 10", "-ERR syntax error|");
    expect("SET a 1 KEEPTTL KEEPTTL", "+OK|");
    expect("SET a 1 PERSIST", "-ERR syntax error|");
    expect("SET a 1 EXAT 4102444800 PXAT 1", "-ERR syntax error|");
    expect("SET a 1 EX NX", "-ERR value is not an integer or out of range|");
    expect("SET a 1 EX 10 XX KEEPTTL", "-ERR syntax error|");
    expect("SET a 1 GET FOO", "-ERR syntax error|");
    expect("SET a 5 XX GET EX 100", "$1|1|");
    expect("SET new 5 NX GET", "$-1|");
    expect("SET new 6 NX GET", "$1|5|");
    expect("GET new", "$1|5|");
    expect("SET none 6 XX GET", "$-1|");
    expect("GET none", "$-1|");
    version = Version::k3;
    expect("SET other 1 GET", "_|");
    expect("SET none 1 XX", "_|");
}

TEST_CASE_METHOD(CommandFixture, "set: expiry times are checked as in Redis") {
    expect("SET a 1 EX 0", "-ERR invalid expire time in 'set' command|");
    expect("SET a 1 EX -1", "-ERR invalid expire time in 'set' command|");
    expect("SET a 1 PX 0", "-ERR invalid expire time in 'set' command|");
    expect("SET a 1 EXAT 0", "-ERR invalid expire time in 'set' command|");
    expect("SET a 1 PXAT -5", "-ERR invalid expire time in 'set' command|");
    expect("SET a 1 EX x", "-ERR value is not an integer or out of range|");
    expect("SET a 1 EX 1.5", "-ERR value is not an integer or out of range|");
    expect("SET a 1 EX +5", "-ERR value is not an integer or out of range|");
    expect("SET a 1 EX 05", "-ERR value is not an integer or out of range|");
    expect("SET a 1 EX _5", "-ERR value is not an integer or out of range|");
    expect("SET a 1 EX \"\"", "-ERR value is not an integer or out of range|");
    expect("SET a 1 EX 9223372036854775807", "-ERR invalid expire time in 'set' command|");
    expect("SET a 1 EX 9223372036854775", "-ERR invalid expire time in 'set' command|");
    expect("SET a 1 EX 9223372036854776", "-ERR invalid expire time in 'set' command|");
    expect("SET a 1 PX 9223372036854775807", "-ERR invalid expire time in 'set' command|");
    expect("SET a 1 EX 9223372036854775808", "-ERR value is not an integer or out of range|");
    expect("SET a 1 EXAT 9223372036854775", "+OK|");
    expect("SET a 1 PXAT 9223372036854775807", "+OK|");
    expect("SET a 1 EX x FOO", "-ERR syntax error|");
    expect("SET a 1 NX EX 0", "-ERR invalid expire time in 'set' command|");
    expect("GET a", "$1|1|");
    expect("EXPIRETIME a", ":9223372036854776|");
    expect("PEXPIRETIME a", ":9223372036854775807|");
}

TEST_CASE_METHOD(CommandFixture, "set: the expiry goes, stays or is set as the options say") {
    expect("SET a 1 EXAT 4102444800", "+OK|");
    expect("EXPIRETIME a", ":4102444800|");
    expect("SET a 2 KEEPTTL", "+OK|");
    expect("EXPIRETIME a", ":4102444800|");
    expect("GET a", "$1|2|");
    expect("SET a 3", "+OK|");
    expect("EXPIRETIME a", ":-1|");
    expect("SET a 3 PXAT 4102444800123", "+OK|");
    expect("PEXPIRETIME a", ":4102444800123|");
    expect("SET a 4 XX GET KEEPTTL", "$1|3|");
    expect("PEXPIRETIME a", ":4102444800123|");
    expect("SET b 1 KEEPTTL", "+OK|");
    expect("EXPIRETIME b", ":-1|");
    expect("SET a 5 EXAT 1", "+OK|");
    expect("GET a", "$-1|");
    expect("SET a 5 PXAT 1000", "+OK|");
    expect("EXISTS a", ":0|");
    expect("SET c 1 EX 100", "+OK|");
    expect("TTL c", ":100|");
    expect("SET c 1 PX 100400", "+OK|");
    expect("TTL c", ":100|");
}

TEST_CASE_METHOD(CommandFixture, "setnx, setex, psetex: short forms") {
    expect("SETNX a 1", ":1|");
    expect("SETNX a 2", ":0|");
    expect("GET a", "$1|1|");
    expect("SETEX a 100 v", "+OK|");
    expect("TTL a", ":100|");
    expect("GET a", "$1|v|");
    expect("SETEX a 0 v", "-ERR invalid expire time in 'setex' command|");
    expect("SETEX a -1 v", "-ERR invalid expire time in 'setex' command|");
    expect("SETEX a x v", "-ERR value is not an integer or out of range|");
    expect("SETEX a 9223372036854775807 v", "-ERR invalid expire time in 'setex' command|");
    expect("PSETEX a 100000 w", "+OK|");
    expect("TTL a", ":100|");
    expect("PSETEX a 0 w", "-ERR invalid expire time in 'psetex' command|");
    expect("PSETEX a 9223372036854775807 w", "-ERR invalid expire time in 'psetex' command|");
    expect("PSETEX a 1.0 w", "-ERR value is not an integer or out of range|");
    expect("GET a", "$1|w|");
}

TEST_CASE_METHOD(CommandFixture, "getset and getdel: answer the old value") {
    expect("GETSET a 1", "$-1|");
    expect("GETSET a 2", "$1|1|");
    expect("EXPIREAT a 4102444800", ":1|");
    expect("GETSET a 3", "$1|2|");
    expect("EXPIRETIME a", ":-1|");
    expect("GETDEL a", "$1|3|");
    expect("GETDEL a", "$-1|");
    expect("EXISTS a", ":0|");
    version = Version::k3;
    expect("GETSET a 1", "_|");
    expect("GETDEL none", "_|");
}

TEST_CASE_METHOD(CommandFixture, "getex: answers the value and sets its expiry") {
    expect("GETEX a", "$-1|");
    expect("GETEX a EX 0", "$-1|");
    expect("SET a 1", "+OK|");
    expect("GETEX a EXAT 4102444800", "$1|1|");
    expect("EXPIRETIME a", ":4102444800|");
    expect("GETEX a", "$1|1|");
    expect("EXPIRETIME a", ":4102444800|");
    expect("GETEX a PERSIST", "$1|1|");
    expect("EXPIRETIME a", ":-1|");
    expect("GETEX a PXAT 4102444800999", "$1|1|");
    expect("PEXPIRETIME a", ":4102444800999|");
    expect("EXPIRETIME a", ":4102444801|");
    expect("GETEX a PX 100000", "$1|1|");
    expect("TTL a", ":100|");
    expect("GETEX a EX 200", "$1|1|");
    expect("TTL a", ":200|");
    expect("GETEX a EX 0", "-ERR invalid expire time in 'getex' command|");
    expect("GETEX a PX -1", "-ERR invalid expire time in 'getex' command|");
    expect("GETEX a EX x", "-ERR value is not an integer or out of range|");
    expect("GETEX a EX", "-ERR syntax error|");
    expect("GETEX a KEEPTTL", "-ERR syntax error|");
    expect("GETEX a NX", "-ERR syntax error|");
    expect("GETEX a PERSIST EX 10", "-ERR syntax error|");
    expect("GETEX a EX 10 PERSIST", "-ERR syntax error|");
    expect("GETEX a EX 10 PX 10", "-ERR syntax error|");
    expect("GETEX a PERSIST PERSIST", "$1|1|");
    expect("GETEX a EX 9223372036854775807", "-ERR invalid expire time in 'getex' command|");
    expect("GETEX a EXAT 1", "$1|1|");
    expect("EXISTS a", ":0|");
}

TEST_CASE_METHOD(CommandFixture, "mget, mset, msetnx: many keys at once") {
    expect("MSET a 1 b 2 a 3", "+OK|");
    expect("MGET a b c a", "*4|$1|3|$1|2|$-1|$1|3|");
    expect("MSET a", "-ERR wrong number of arguments for 'mset' command|");
    expect("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command|");
    expect("MSETNX a 1 c", "-ERR wrong number of arguments for 'msetnx' command|");
    expect("MSETNX c 1 a 9", ":0|");
    expect("MGET a c", "*2|$1|3|$-1|");
    expect("MSETNX c 1 d 2 c 3", ":1|");
    expect("MGET c d", "*2|$1|3|$1|2|");
    expect("EXPIREAT a 4102444800", ":1|");
    expect("MSET a 5", "+OK|");
    expect("EXPIRETIME a", ":-1|");
    version = Version::k3;
    expect("MGET a none", "*2|$1|5|_|");
}

TEST_CASE_METHOD(CommandFixture, "append and strlen: the value grows and keeps its expiry") {
    expect("STRLEN a", ":0|");
    expect("APPEND a Hello", ":5|");
    expect("APPEND a _World", ":11|");
    expect("GET a", "$11|Hello World|");
    expect("STRLEN a", ":11|");
    expect("APPEND a \"\"", ":11|");
    expect("APPEND b \"\"", ":0|");
    expect("EXISTS b", ":1|");
    expect("GET b", "$0||");
    expect("EXPIREAT a 4102444800", ":1|");
    expect("APPEND a !", ":12|");
    expect("EXPIRETIME a", ":4102444800|");
}

}  // namespace kv::server
