// Integers as the formats store them.
// SPDX-License-Identifier: Apache-2.0
#include "base/coding.h"

#include <catch2/catch.hpp>

#include "support/seed.h"

using kv::ByteReader;
using kv::Bytes;

TEST_CASE("coding: fixed integers are little-endian") {
    std::string out;
    kv::put_fixed32(out, 0x01020304);
    kv::put_fixed64(out, 0x0102030405060708ULL);
    CHECK(out == std::string("\x04\x03\x02\x01\x08\x07\x06\x05\x04\x03\x02\x01", 12));
    CHECK(kv::load_fixed32(out.data()) == 0x01020304);
    CHECK(kv::load_fixed64(out.data() + 4) == 0x0102030405060708ULL);
}

TEST_CASE("coding: varints survive a round trip at every length") {
    for (unsigned bits = 0; bits <= 64; ++bits) {
        for (const uint64_t nudge : {uint64_t{0}, uint64_t{1}}) {
            const uint64_t value = (bits == 64 ? 0 : 1ULL << bits) - nudge;
            std::string out;
            kv::put_varint64(out, value);
            uint64_t back = 0;
            const char* end = out.data() + out.size();
            REQUIRE(kv::parse_varint64(out.data(), end, back) == end);
            REQUIRE(back == value);
            // Every shorter piece is truncated, never misread.
            for (size_t cut = 0; cut < out.size(); ++cut) {
                REQUIRE(kv::parse_varint64(out.data(), out.data() + cut, back) == nullptr);
            }
        }
    }
}

TEST_CASE("coding: varints that do not fit are refused") {
    uint64_t wide = 0;
    uint32_t narrow = 0;
    const std::string eleven(10, '\xff');
    CHECK(kv::parse_varint64(eleven.data(), eleven.data() + eleven.size(), wide) == nullptr);
    const std::string overflow = std::string(9, '\xff') + '\x02';
    CHECK(kv::parse_varint64(overflow.data(), overflow.data() + 10, wide) == nullptr);
    std::string out;
    kv::put_varint64(out, 1ULL << 32);
    CHECK(kv::parse_varint32(out.data(), out.data() + out.size(), narrow) == nullptr);
    out.clear();
    kv::put_varint32(out, UINT32_MAX);
    REQUIRE(kv::parse_varint32(out.data(), out.data() + out.size(), narrow) != nullptr);
    CHECK(narrow == UINT32_MAX);
}

TEST_CASE("byte reader: reads what was written and ends at the end") {
    std::string out;
    out.push_back('\x07');
    kv::put_fixed32(out, 9);
    kv::put_fixed64(out, 10);
    kv::put_varint32(out, 300);
    kv::put_varint64(out, 1ULL << 40);
    kv::put_length_prefixed(out, "key");
    ByteReader reader(out);
    uint8_t u8 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    Bytes bytes;
    CHECK((reader.read_u8(u8) && u8 == 7));
    CHECK((reader.read_fixed32(u32) && u32 == 9));
    CHECK((reader.read_fixed64(u64) && u64 == 10));
    CHECK((reader.read_varint32(u32) && u32 == 300));
    CHECK((reader.read_varint64(u64) && u64 == 1ULL << 40));
    CHECK((reader.read_length_prefixed(bytes) && bytes == "key"));
    CHECK(reader.at_end());
    CHECK(reader.offset() == out.size());
    CHECK_FALSE(reader.read_u8(u8));
    CHECK_FALSE(reader.read_bytes(1, bytes));
}

TEST_CASE("byte reader: random bytes never make it run over its end") {
    const uint64_t seed = kv::test::test_seed();
    CAPTURE(seed);
    kv::Random random(seed);
    for (int round = 0; round < 2000; ++round) {
        const std::string bytes = kv::test::random_bytes(random, random.below(40));
        ByteReader reader(bytes);
        bool more = true;
        while (more) {
            uint32_t u32;
            uint64_t u64;
            Bytes run;
            switch (random.below(4)) {
                case 0:
                    more = reader.read_varint32(u32);
                    break;
                case 1:
                    more = reader.read_varint64(u64);
                    break;
                case 2:
                    more = reader.read_fixed32(u32);
                    break;
                default:
                    more = reader.read_length_prefixed(run);
            }
            REQUIRE(reader.offset() <= bytes.size());
        }
    }
}
