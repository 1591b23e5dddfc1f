// config/parse_value.h: what a size, a time and an address may look like.
// SPDX-License-Identifier: Apache-2.0
#include "config/parse_value.h"

#include <catch2/catch.hpp>

namespace kv::config {

TEST_CASE("parse_size: reads bytes and binary and decimal units") {
    CHECK(parse_size("0").value() == 0);
    CHECK(parse_size("4096").value() == 4096);
    CHECK(parse_size("12B").value() == 12);
    CHECK(parse_size("64KiB").value() == 65536);
    CHECK(parse_size("64 MiB").value() == 64ULL << 20);
    CHECK(parse_size("2GiB").value() == 2ULL << 30);
    CHECK(parse_size("1TiB").value() == 1ULL << 40);
    CHECK(parse_size("3MB").value() == 3'000'000);
}

TEST_CASE("parse_size: refuses what is not a size") {
    for (const char* text : {"", "MiB", "-1", "1.5MiB", "64Mib", "64 MiBs", "99999999999999999999",
                             "18446744073709551615KiB"}) {
        INFO(text);
        CHECK(parse_size(text).status().is(Code::kInvalidArgument));
    }
    CHECK(std::string(parse_size("64Mib").status().message()).find("64MiB") != std::string::npos);
}

TEST_CASE("parse_duration_ms: wants a unit, or off") {
    CHECK(parse_duration_ms("250ms").value() == 250);
    CHECK(parse_duration_ms("10s").value() == 10'000);
    CHECK(parse_duration_ms("5m").value() == 300'000);
    CHECK(parse_duration_ms("1h").value() == 3'600'000);
    CHECK(parse_duration_ms("off").value() == 0);
    for (const char* text : {"", "10", "10 sec", "s", "-1s", "never"}) {
        INFO(text);
        CHECK(parse_duration_ms(text).status().is(Code::kInvalidArgument));
    }
}

TEST_CASE("parse_count and parse_bool: nothing but digits, nothing but true and false") {
    CHECK(parse_count("17").value() == 17);
    CHECK_FALSE(parse_count("17x").is_ok());
    CHECK_FALSE(parse_count("").is_ok());
    CHECK(parse_bool("true").value());
    CHECK_FALSE(parse_bool("off").value());
    CHECK_FALSE(parse_bool("maybe").is_ok());
}

TEST_CASE("format_size and format_duration_ms: round-trip through the parsers") {
    for (const uint64_t bytes : {0ULL, 1ULL, 1500ULL, 4096ULL, 64ULL << 20, 3ULL << 40}) {
        CHECK(parse_size(format_size(bytes)).value() == bytes);
    }
    for (const uint64_t ms : {0ULL, 1ULL, 250ULL, 10'000ULL, 90'000ULL, 3'600'000ULL}) {
        CHECK(parse_duration_ms(format_duration_ms(ms)).value() == ms);
    }
    CHECK(format_size(64ULL << 20) == "64MiB");
    CHECK(format_duration_ms(300'000) == "5m");
}

TEST_CASE("parse_listen_address: tells loopback from public") {
    CHECK(parse_listen_address("127.0.0.1:7480").value().loopback);
    CHECK(parse_listen_address("127.9.9.9:0").value().loopback);
    CHECK(parse_listen_address("localhost:7480").value().host == "127.0.0.1");
    CHECK(parse_listen_address("[::1]:7480").value().loopback);
    CHECK_FALSE(parse_listen_address("0.0.0.0:7480").value().loopback);
    CHECK_FALSE(parse_listen_address("[::]:7480").value().loopback);
    CHECK_FALSE(parse_listen_address("192.168.1.4:7480").value().loopback);
    CHECK(parse_listen_address("192.168.1.4:65535").value().port == 65535);
}

TEST_CASE("parse_listen_address: refuses names, missing ports and bare IPv6") {
    for (const char* text : {"", "127.0.0.1", ":7480", "example.org:7480", "127.0.0.1:65536",
                             "127.0.0.1:x", "::1:7480", "[127.0.0.1]:7480", "127.0.0.1:"}) {
        INFO(text);
        CHECK(parse_listen_address(text).status().is(Code::kInvalidArgument));
    }
    CHECK(format_address("::1", 5) == "[::1]:5");
    CHECK(format_address("127.0.0.1", 5) == "127.0.0.1:5");
}

}  // namespace kv::config
