// Escaping and prefix bounds.
// SPDX-License-Identifier: Apache-2.0
#include "kv/bytes.h"

#include <catch2/catch.hpp>

using kv::Bytes;
using kv::escape_bytes;
using kv::prefix_successor;

TEST_CASE("escape_bytes: printable text stays, the rest is escaped") {
    CHECK(escape_bytes("") == "");
    CHECK(escape_bytes("user:1 ~") == "user:1 ~");
    CHECK(escape_bytes("a\nb\tc\\d\"e") == "a\\nb\\tc\\\\d\\\"e");
    CHECK(escape_bytes(Bytes("\0\x7f\xff", 3)) == "\\x00\\x7f\\xff");
}

TEST_CASE("escape_bytes: cuts after the limit and only beyond it") {
    CHECK(escape_bytes("abcdef", 6) == "abcdef");
    CHECK(escape_bytes("abcdef", 5) == "abcde...");
    CHECK(escape_bytes(Bytes("\0\0", 2), 1) == "\\x00...");
}

TEST_CASE("prefix_successor: greater than all that starts with the prefix, and no more") {
    CHECK(prefix_successor("") == "");
    CHECK(prefix_successor("a") == "b");
    CHECK(prefix_successor("ab") == "ac");
    CHECK(prefix_successor("a\xff") == "b");
    CHECK(prefix_successor("\xff\xff") == "");
    CHECK(prefix_successor("\x7f") == "\x80");
    CHECK(Bytes("ab\xff\xff\xff") < prefix_successor("ab"));
}
