// Addresses as people write them.
// SPDX-License-Identifier: Apache-2.0
#include "session/socket.h"

#include <catch2/catch.hpp>

namespace kv::client {

TEST_CASE("address: host and port, with the default port, and IPv6 in brackets") {
    const auto check = [](const char* text, const char* host, uint16_t port) {
        const auto address = parse_address(text);
        REQUIRE(address.is_ok());
        CHECK(address->host == host);
        CHECK(address->port == port);
    };
    check("127.0.0.1:7000", "127.0.0.1", 7000);
    check("localhost", "localhost", 7480);
    check("[::1]:7000", "::1", 7000);
    check("[::1]", "::1", 7480);
}

TEST_CASE("address: what does not parse is refused with the reason") {
    for (const char* text : {"", ":7480", "host:", "host:0", "host:65536", "host:x", "host:1x",
                             "[::1", "[::1]x", "::1"}) {
        INFO(text);
        const auto address = parse_address(text);
        REQUIRE_FALSE(address.is_ok());
        CHECK(address.error().is(Code::kInvalidArgument));
    }
}

}  // namespace kv::client
