// Bytes in JSON: what is text, what is not, and base64 of it.
// SPDX-License-Identifier: Apache-2.0
#include "tools/json_bytes.h"

#include <catch2/catch.hpp>

namespace kv::tools {

TEST_CASE("json bytes: UTF-8 is told from other bytes as Unicode defines it") {
    for (const char* good : {"", "plain", "\xC3\xA9", "\xE2\x80\xA0", "\xF0\x9F\x98\x80",
                             "\xEF\xBF\xBF", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
        CAPTURE(good);
        CHECK(is_utf8(good));
    }
    for (const char* bad : {"\xFF", "\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80",
                            "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
                            "\xF5\x80\x80\x80", "a\xE2\x80", "\xC3(", "\xE2\x28\xA1"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_utf8(bad));
    }
    CHECK(is_utf8(Bytes("\0", 1)));
}

TEST_CASE("json bytes: base64 as RFC 4648 tells it") {
    CHECK(to_base64("") == "");
    CHECK(to_base64("f") == "Zg==");
    CHECK(to_base64("fo") == "Zm8=");
    CHECK(to_base64("foo") == "Zm9v");
    CHECK(to_base64("foob") == "Zm9vYg==");
    CHECK(to_base64("fooba") == "Zm9vYmE=");
    CHECK(to_base64("foobar") == "Zm9vYmFy");
    CHECK(to_base64("\xFF\xFE\xFD") == "//79");
}

TEST_CASE("json bytes: no byte is lost, and nothing throws when dumped") {
    Json json;
    set_bytes(json, "key", "text");
    set_bytes(json, "value", "\xFF");
    CHECK(json.dump() == R"({"key":"text","value_base64":"/w=="})");
}

}  // namespace kv::tools
