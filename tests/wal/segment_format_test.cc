// The segment header, and its worked example in wal_format.md.
// SPDX-License-Identifier: Apache-2.0
#include "wal/segment_format.h"

#include <catch2/catch.hpp>

#include "record/doc_hex.h"

namespace kv::wal {
namespace {

SegmentHeader sample() {
    SegmentHeader header;
    header.database_id = 0x1122334455667788;
    header.number = 2;
    header.previous = {1, 4096, 3};
    header.previous_unsynced = 512;
    return header;
}

std::string encode(const SegmentHeader& header) {
    std::string bytes(kSegmentHeaderBytes, '\0');
    encode_segment_header(header, bytes.data());
    return bytes;
}

TEST_CASE("segment header: every field comes back") {
    SegmentHeader header;
    REQUIRE(decode_segment_header(encode(sample()), 2, header) == HeaderState::kValid);
    CHECK(header.version == kSegmentFormatVersion);
    CHECK(header.database_id == 0x1122334455667788);
    CHECK(header.number == 2);
    CHECK(header.previous == SegmentEnd{1, 4096, 3});
    CHECK(header.previous_unsynced == 512);
    CHECK(header.previous_durable_length() == 3584);
}

TEST_CASE("segment header: zeros were never written, whatever their length") {
    SegmentHeader header;
    for (size_t length = 0; length <= 100; ++length) {
        CHECK(decode_segment_header(std::string(length, '\0'), 2, header) == HeaderState::kZero);
    }
}

TEST_CASE("segment header: a cut, a flip of any bit or another file's number is damage") {
    SegmentHeader header;
    const std::string bytes = encode(sample());
    for (size_t length = 1; length < bytes.size(); ++length) {
        CHECK(decode_segment_header(bytes.substr(0, length), 2, header) == HeaderState::kDamaged);
    }
    for (size_t i = 0; i < bytes.size() * 8; ++i) {
        CAPTURE(i);
        std::string bad = bytes;
        bad[i / 8] = static_cast<char>(bad[i / 8] ^ 1 << i % 8);
        CHECK(decode_segment_header(bad, 2, header) == HeaderState::kDamaged);
    }
    CHECK(decode_segment_header(bytes, 3, header) == HeaderState::kDamaged);
}

TEST_CASE("segment header: the worked example of the document is what this code writes") {
    SegmentHeader header;
    const std::string expected = test::doc_bytes("wal_format.md", "segment-header");
    REQUIRE(decode_segment_header(expected, 2, header) == HeaderState::kValid);
    CHECK(test::to_hex(encode(sample())) == test::to_hex(expected));
}

}  // namespace
}  // namespace kv::wal
