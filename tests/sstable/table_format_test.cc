// The footer and the properties: round trips and refusals.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/table_format.h"

#include <catch2/catch.hpp>

#include "base/coding.h"
#include "base/hash.h"
#include "record/internal_key.h"
#include "sstable/properties.h"

using namespace kv;
using namespace kv::sstable;

namespace {

Footer example() {
    Footer footer;
    footer.filter = {100, 72};
    footer.properties = {181, 60};
    footer.index = {250, 40};
    footer.file_number = 7;
    footer.table_checksum = 0x1234;
    return footer;
}

std::string bytes_of(const Footer& footer) {
    std::string out;
    append_footer(out, footer, 299);
    return out;
}

TableProperties example_properties() {
    TableProperties p;
    p.entries = 1000;
    p.tombstones = 1;
    p.smallest = make_internal_key("a", 2, Kind::kPut);
    p.largest = make_internal_key("z", 1, Kind::kPut);
    p.smallest_seqno = 1;
    p.largest_seqno = 1ULL << 55;
    p.earliest_expiry_ms = 5;
    p.data_blocks = 3;
    p.reason = TableReason::kCompaction;
    return p;
}

}  // namespace

TEST_CASE("table format: a footer comes back") {
    const std::string bytes = bytes_of(example());
    REQUIRE(bytes.size() == kFooterBytes);
    const auto footer = parse_footer(bytes, 299);
    REQUIRE(footer.is_ok());
    CHECK(footer->filter.size == 72);
    CHECK(footer->properties.offset == 181);
    CHECK(footer->index.end() == 299);
    CHECK(footer->file_number == 7);
    CHECK(footer->table_checksum == 0x1234);
}

TEST_CASE("table format: a footer with any bit flipped, or in another place, is corruption") {
    const std::string good = bytes_of(example());
    CHECK(parse_footer(good, 298).status().is(Code::kCorruption));
    for (size_t bit = 0; bit < good.size() * 8; ++bit) {
        std::string bytes = good;
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
        REQUIRE(parse_footer(bytes, 299).status().is(Code::kCorruption));
    }
}

TEST_CASE("table format: a newer version or an unknown flag is refused by name") {
    Footer newer = example();
    newer.format_version = kTableFormatVersion + 1;
    const Status version = parse_footer(bytes_of(newer), 299).status();
    CHECK(version.is(Code::kUnsupported));
    CHECK_THAT(std::string(version.message()),
               Catch::Contains("version 3") && Catch::Contains("up to version 2"));
    Footer flagged = example();
    flagged.flags = 8;
    const Status flags = parse_footer(bytes_of(flagged), 299).status();
    CHECK(flags.is(Code::kUnsupported));
    CHECK_THAT(std::string(flags.message()), Catch::Contains("0000000000000008"));
}

TEST_CASE("table format: a block's checksum depends on content, codec, file and offset") {
    const uint64_t checksum = block_checksum("content", Codec::kNone, 7, 100);
    CHECK(checksum != block_checksum("contenu", Codec::kNone, 7, 100));
    CHECK(checksum != block_checksum("content", Codec::kLz4, 7, 100));
    CHECK(checksum != block_checksum("content", Codec::kNone, 8, 100));
    CHECK(checksum != block_checksum("content", Codec::kNone, 7, 101));
}

TEST_CASE("properties: come back, with unknown fields passed over") {
    const TableProperties written = example_properties();
    std::string content = encode_properties(written);
    put_varint32(content, 99);
    put_length_prefixed(content, "from the future");
    TableProperties read;
    REQUIRE(decode_properties(content, kTableFormatVersion, read).is_ok());
    CHECK(read.entries == written.entries);
    CHECK(read.tombstones == written.tombstones);
    CHECK(read.smallest == written.smallest);
    CHECK(read.largest == written.largest);
    CHECK(read.smallest_seqno == written.smallest_seqno);
    CHECK(read.largest_seqno == written.largest_seqno);
    CHECK(read.earliest_expiry_ms == written.earliest_expiry_ms);
    CHECK(read.data_blocks == written.data_blocks);
    CHECK(read.reason == TableReason::kCompaction);
}

TEST_CASE("properties: version 1 has no fields of version 2, version 2 has them all") {
    const std::string content = encode_properties(example_properties());
    const std::string last_of_two = std::string("\x0d\x01\0", 3);  // the codec, tag 13
    const size_t at = content.find(last_of_two);
    REQUIRE(at != std::string::npos);
    const std::string without = content.substr(0, at) + content.substr(at + 3);
    TableProperties read;
    CHECK(decode_properties(without, 1, read).is_ok());
    CHECK(decode_properties(without, 2, read).is(Code::kCorruption));
    CHECK(decode_properties(content, 2, read).is_ok());
}

TEST_CASE("properties: cut short anywhere, or with a field twice, they are corruption") {
    const std::string content = encode_properties(example_properties());
    for (size_t size = 0; size < content.size(); ++size) {
        TableProperties read;
        REQUIRE(decode_properties(content.substr(0, size), kTableFormatVersion, read)
                    .is(Code::kCorruption));
    }
    TableProperties read;
    CHECK(decode_properties(content + content, kTableFormatVersion, read).is(Code::kCorruption));
}
