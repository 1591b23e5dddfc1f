// The commands of range_commands.cc and lcs_command.cc.
// SPDX-License-Identifier: Apache-2.0
#include "server/command_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(CommandFixture, "getrange and substr: parts of a value, from either end") {
    expect("SET a Hello_World", "+OK|");
    expect("GETRANGE a 0 4", "$5|Hello|");
    expect("GETRANGE a -5 -1", "$5|World|");
    expect("GETRANGE a 0 -1", "$11|Hello World|");
    expect("GETRANGE a 3 100", "$8|lo World|");
    expect("GETRANGE a -100 2", "$3|Hel|");
    expect("GETRANGE a 5 3", "$0||");
    expect("GETRANGE a -1 -5", "$0||");
    expect("GETRANGE a -100 -200", "$0||");
    expect("GETRANGE a -200 -100", "$1|H|");
    expect("GETRANGE a 100 200", "$0||");
    expect("GETRANGE a 11 11", "$0||");
    expect("GETRANGE a 10 10", "$1|d|");
    expect("GETRANGE a 0 -12", "$1|H|");
    expect("GETRANGE a -9223372036854775808 9223372036854775807", "$11|Hello World|");
    expect("GETRANGE a 9223372036854775807 -9223372036854775808", "$0||");
    expect("GETRANGE none 0 -1", "$0||");
    expect("GETRANGE a x 1", "-ERR value is not an integer or out of range|");
    expect("GETRANGE a 0 1.0", "-ERR value is not an integer or out of range|");
    expect("GETRANGE none 0 x", "-ERR value is not an integer or out of range|");
    expect("SET b \"\"", "+OK|");
    expect("GETRANGE b 0 0", "$0||");
    expect("GETRANGE b -1 -1", "$0||");
    expect("SUBSTR a 6 -1", "$5|World|");
    expect("SUBSTR a a 1", "-ERR value is not an integer or out of range|");
    expect("SUBSTR none 0 1", "$0||");
    version = Version::k3;
    expect("GETRANGE none 0 -1", "$0||");
}

TEST_CASE_METHOD(CommandFixture,
                 "setrange: overwrites, grows with zero bytes and keeps the expiry") {
    expect("SETRANGE a 0 \"\"", ":0|");
    expect("EXISTS a", ":0|");
    expect("SETRANGE a 5 \"\"", ":0|");
    expect("SETRANGE a 3 xyz", ":6|");
    expect("GET a", "$6|\x00\x00\x00xyz|");
    expect("SETRANGE a 0 AB", ":6|");
    expect("GET a", "$6|AB\x00xyz|");
    expect("SETRANGE a 5 Z!", ":7|");
    expect("GET a", "$7|AB\x00xyZ!|");
    expect("SETRANGE a 0 \"\"", ":7|");
    expect("SETRANGE a 100 \"\"", ":7|");
    expect("SETRANGE a -1 x", "-ERR offset is out of range|");
    expect("SETRANGE a x x", "-ERR value is not an integer or out of range|");
    expect("SETRANGE none -1 \"\"", "-ERR offset is out of range|");
    expect("SETRANGE a 536870912 x",
           "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|");
    expect("SETRANGE a 9223372036854775807 x",
           "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|");
    expect("SETRANGE none 536870912 \"\"", ":0|");
    expect("SETRANGE none 536870912 x",
           "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|");
    expect("SETRANGE a 9223372036854775808 x", "-ERR value is not an integer or out of range|");
    expect("EXPIREAT a 4102444800", ":1|");
    expect("SETRANGE a 1 ..", ":7|");
    expect("EXPIRETIME a", ":4102444800|");
    expect("STRLEN a", ":7|");
}

TEST_CASE_METHOD(CommandFixture, "lcs: the text, the length and the places") {
    expect("MSET a ohmytext b mynewtext", "+OK|");
    expect("LCS a b", "$6|mytext|");
    expect("LCS a b LEN", ":6|");
    expect("LCS a b IDX", "*4|$7|matches|*2|*2|*2|:4|:7|*2|:5|:8|*2|*2|:2|:3|*2|:0|:1|$3|len|:6|");
    expect("LCS a b IDX MINMATCHLEN 4", "*4|$7|matches|*1|*2|*2|:4|:7|*2|:5|:8|$3|len|:6|");
    expect("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN",
           "*4|$7|matches|*1|*3|*2|:4|:7|*2|:5|:8|:4|$3|len|:6|");
    expect("LCS a b IDX WITHMATCHLEN",
           "*4|$7|matches|*2|*3|*2|:4|:7|*2|:5|:8|:4|*3|*2|:2|:3|*2|:0|:1|:2|$3|len|:6|");
    expect("LCS a b IDX MINMATCHLEN -5",
           "*4|$7|matches|*2|*2|*2|:4|:7|*2|:5|:8|*2|*2|:2|:3|*2|:0|:1|$3|len|:6|");
    expect("LCS a b IDX MINMATCHLEN 100", "*4|$7|matches|*0|$3|len|:6|");
    expect("LCS b a IDX", "*4|$7|matches|*2|*2|*2|:5|:8|*2|:4|:7|*2|*2|:0|:1|*2|:2|:3|$3|len|:6|");
    expect("LCS a b MINMATCHLEN 4", "$6|mytext|");
    expect("LCS a b WITHMATCHLEN LEN", ":6|");
    expect("LCS a a", "$8|ohmytext|");
    expect("LCS a a IDX WITHMATCHLEN", "*4|$7|matches|*1|*3|*2|:0|:7|*2|:0|:7|:8|$3|len|:8|");
    expect("LCS a none", "$0||");
    expect("LCS a none LEN", ":0|");
    expect("LCS none a IDX", "*4|$7|matches|*0|$3|len|:0|");
    expect("LCS none other", "$0||");
    version = Version::k3;
    expect("LCS a b IDX WITHMATCHLEN",
           "%2|$7|matches|*2|*3|*2|:4|:7|*2|:5|:8|:4|*3|*2|:2|:3|*2|:0|:1|:2|$3|len|:6|");
    expect("LCS a b LEN", ":6|");
}

TEST_CASE_METHOD(CommandFixture, "lcs: of several longest ones it takes the one that Redis takes") {
    expect("MSET a abcabba b cbabac", "+OK|");
    expect("LCS a b", "$4|cbba|");
    expect("LCS a b IDX",
           "*4|$7|matches|*3|*2|*2|:5|:6|*2|:3|:4|*2|*2|:4|:4|*2|:1|:1|*2|*2|:2|:2|*2|:0|:0|$3|len|"
           ":4|");
    expect("LCS b a", "$4|baba|");
    expect("LCS b a IDX",
           "*4|$7|matches|*3|*2|*2|:3|:4|*2|:5|:6|*2|*2|:2|:2|*2|:3|:3|*2|*2|:1|:1|*2|:1|:1|$3|len|"
           ":4|");
    expect("MSET a xaxbxcx b yaybycy", "+OK|");
    expect("LCS a b", "$3|abc|");
    expect("LCS a b IDX WITHMATCHLEN",
           "*4|$7|matches|*3|*3|*2|:5|:5|*2|:5|:5|:1|*3|*2|:3|:3|*2|:3|:3|:1|*3|*2|:1|:1|*2|:1|:1|:"
           "1|$3|len|:3|");
    expect("MSET a aaaa b aa", "+OK|");
    expect("LCS a b IDX", "*4|$7|matches|*1|*2|*2|:2|:3|*2|:0|:1|$3|len|:2|");
    expect("LCS b a IDX", "*4|$7|matches|*1|*2|*2|:0|:1|*2|:2|:3|$3|len|:2|");
    expect("MSET a AGGTABQWERTYAGGTAB b GXTXAYBTREWQGXTXAYB", "+OK|");
    expect("LCS a b", "$9|GTABTGTAB|");
    expect(
        "LCS a b IDX WITHMATCHLEN",
        "*4|$7|matches|*9|*3|*2|:17|:17|*2|:18|:18|:1|*3|*2|:16|:16|*2|:16|:16|:1|*3|*2|:15|:15|*2|"
        ":14|:14|:1|*3|*2|:14|:14|*2|:12|:12|:1|*3|*2|:10|:10|*2|:7|:7|:1|*3|*2|:5|:5|*2|:6|:6|:1|*"
        "3|*2|:4|:4|*2|:4|:4|:1|*3|*2|:3|:3|*2|:2|:2|:1|*3|*2|:2|:2|*2|:0|:0|:1|$3|len|:9|");
    expect("LCS b a IDX MINMATCHLEN 2", "*4|$7|matches|*0|$3|len|:9|");
    expect("MSET a ababababab b babababa", "+OK|");
    expect("LCS a b", "$8|babababa|");
    expect("LCS a b IDX", "*4|$7|matches|*1|*2|*2|:1|:8|*2|:0|:7|$3|len|:8|");
}

TEST_CASE_METHOD(CommandFixture, "lcs: refuses options that do not go together") {
    expect("MSET a 1 b 2", "+OK|");
    expect("LCS a b LEN IDX",
           "-ERR If you want both the length and indexes, please just use IDX.|");
    expect("LCS a b IDX LEN MINMATCHLEN 3",
           "-ERR If you want both the length and indexes, please just use IDX.|");
    expect("LCS a b FOO", "-ERR syntax error|");
    expect("LCS a b MINMATCHLEN", "-ERR syntax error|");
    expect("LCS a b MINMATCHLEN x", "-ERR value is not an integer or out of range|");
    expect("LCS a b LEN FOO", "-ERR syntax error|");
    expect("LCS a b idx minmatchlen 1.5", "-ERR value is not an integer or out of range|");
}

TEST_CASE_METHOD(CommandFixture, "lcs: refuses values whose table would be too large") {
    given({"SETRANGE a 11600 x", "SETRANGE b 11600 x"});
    expect("LCS a b LEN",
           "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len|");
    given({"SET a abcabba", "SETRANGE b 1999 abba"});
    expect("LCS a b", "$4|abba|");
    expect("LCS b a IDX", "*4|$7|matches|*1|*2|*2|:1999|:2002|*2|:3|:6|$3|len|:4|");
}

}  // namespace kv::server
