// The bounded cursor, the extension block and the resume token: the small formats inside a frame.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/wire_cursor.h"

#include <catch2/catch.hpp>

#include "protocol/extensions.h"
#include "protocol/limits.h"
#include "protocol/resume_token.h"

namespace kv::protocol {

TEST_CASE("wire cursor: reads back what was written") {
    std::string out;
    WireWriter writer(out);
    writer.u8(0xFE);
    writer.u16(0xFEDC);
    writer.u32(0xFEDCBA98);
    writer.u64(0xFEDCBA9876543210);
    writer.i64(INT64_MIN);
    writer.boolean(true);
    writer.bytes("");
    writer.bytes(Bytes("a\0b", 3));
    WireReader in(out);
    CHECK(in.u8("a") == 0xFE);
    CHECK(in.u16("b") == 0xFEDC);
    CHECK(in.u32("c") == 0xFEDCBA98);
    CHECK(in.u64("d") == 0xFEDCBA9876543210);
    CHECK(in.i64("e") == INT64_MIN);
    CHECK(in.boolean("f"));
    CHECK(in.bytes("g").empty());
    CHECK(in.bytes("h") == Bytes("a\0b", 3));
    CHECK(in.finish("test").is_ok());
}

TEST_CASE("wire cursor: after the first bad field every read gives zero and the first is named") {
    WireReader in("\x05");
    CHECK(in.u32("size") == 0);
    CHECK(in.u8("kind") == 0);
    CHECK(in.bytes("key").empty());
    CHECK(in.count("items", 1) == 0);
    in.reject("other", "must not matter");
    CHECK_FALSE(in.ok());
    CHECK(in.finish("test").message() ==
          "malformed test: size at offset 0 needs 4 bytes, 1 are left");
}

TEST_CASE("wire cursor: a byte string above the caller's bound is refused even if it is there") {
    std::string out;
    WireWriter(out).bytes("12345");
    CHECK(WireReader(out).bytes("name", 5) == "12345");
    WireReader in(out);
    CHECK(in.bytes("name", 4).empty());
    CHECK(in.finish("test").message() ==
          "malformed test: name is longer than allowed, before offset 4");
}

TEST_CASE("wire cursor: a count is held against the bytes left") {
    std::string out;
    WireWriter(out).u32(3);
    out += "123456";
    CHECK(WireReader(out).count("items", 2) == 3);
    WireReader in(out);
    CHECK(in.count("items", 3) == 0);
    CHECK_FALSE(in.ok());
}

TEST_CASE("extensions: entries come back in order and unknown tags are passed over") {
    std::string out;
    append_extensions(out, {{7, "seven"}, {9, ""}, {7, "again"}});
    WireReader in(out);
    const Bytes entries = in.bytes("block");
    REQUIRE(in.finish("block").is_ok());
    CHECK(extensions_well_formed(entries));
    ExtensionReader reader(entries);
    Extension entry;
    REQUIRE(reader.next(entry));
    CHECK(entry == Extension{7, "seven"});
    REQUIRE(reader.next(entry));
    CHECK(entry == Extension{9, ""});
    REQUIRE(reader.next(entry));
    CHECK_FALSE(reader.next(entry));
    CHECK(reader.ok());
    CHECK(find_extension(entries, 7).first == "seven");
    CHECK_FALSE(find_extension(entries, 8).second);
    CHECK(refuse_critical_extensions(entries).is_ok());
}

TEST_CASE("extensions: a cut or oversize block is not well formed") {
    std::string out;
    append_extensions(out, {{7, "seven"}});
    const Bytes entries = Bytes(out).substr(4);
    CHECK(extensions_well_formed(""));
    for (size_t size = 1; size < entries.size(); ++size) {
        CHECK_FALSE(extensions_well_formed(entries.substr(0, size)));
    }
    std::string large;
    WireWriter writer(large);
    writer.u16(1);
    writer.u16(kMaxExtensionBytes);
    large.append(kMaxExtensionBytes, 'x');
    CHECK_FALSE(extensions_well_formed(large));
}

TEST_CASE("extensions: an unknown critical tag is refused by name") {
    std::string out;
    append_extensions(out, {{1, "trace"}, {0x8005, ""}});
    const Status status = refuse_critical_extensions(Bytes(out).substr(4));
    CHECK(status.is(Code::kUnsupported));
    CHECK(status.message().find("0x8005") != std::string_view::npos);
    CHECK(refuse_critical_extensions(Bytes(out).substr(4), 0x8005).is_ok());
    CHECK_FALSE(refuse_critical_extensions(Bytes(out).substr(4), 0x8006).is_ok());
}

TEST_CASE("resume token: comes back, and any damage is noticed") {
    const std::string token = encode_resume_token({true, 123, "last key"});
    ResumeToken out;
    REQUIRE(decode_resume_token(token, out).is_ok());
    CHECK(out == ResumeToken{true, 123, "last key"});
    for (size_t at = 0; at < token.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = token;
            bad[at] = static_cast<char>(static_cast<uint8_t>(bad[at]) ^ (1U << bit));
            CHECK(decode_resume_token(bad, out).is(Code::kInvalidArgument));
        }
    }
}

}  // namespace kv::protocol
