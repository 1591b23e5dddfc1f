// The framing of one record, and its worked example in wal_format.md.
// SPDX-License-Identifier: Apache-2.0
#include "record/log_record.h"

#include <catch2/catch.hpp>

#include "base/coding.h"
#include "record/doc_hex.h"

namespace kv {
namespace {

LogRecord sample(Bytes payload) {
    LogRecord record;
    record.segment = 3;
    record.synced_offset = 64;
    record.epoch = 9;
    record.first_seqno = 1000;
    record.payload = payload;
    return record;
}

std::string encode(uint64_t offset, Bytes payload) {
    std::string bytes;
    append_log_record(bytes, offset, sample(payload));
    return bytes;
}

bool accepts(const std::string& bytes, uint64_t segment, uint64_t offset) {
    uint32_t payload_bytes;
    LogRecord record;
    return log_header_is_plausible(bytes.data(), segment, offset, offset + bytes.size(),
                                   payload_bytes) &&
           log_record_size(payload_bytes) == bytes.size() &&
           parse_log_record(bytes, offset, record);
}

TEST_CASE("log record: sizes are multiples of 8") {
    CHECK(log_record_size(0) == 48);
    CHECK(log_record_size(1) == 56);
    CHECK(log_record_size(8) == 56);
    CHECK(log_record_size(9) == 64);
}

TEST_CASE("log record: every field comes back") {
    const std::string bytes = encode(128, "payload");
    REQUIRE(bytes.size() == log_record_size(7));
    LogRecord record;
    REQUIRE(parse_log_record(bytes, 128, record));
    CHECK(record.type == LogRecordType::kCommitGroup);
    CHECK(record.segment == 3);
    CHECK(record.synced_offset == 64);
    CHECK(record.epoch == 9);
    CHECK(record.first_seqno == 1000);
    CHECK(record.payload == "payload");
}

TEST_CASE("log record: begin and finish in place give the same bytes behind other records") {
    std::string bytes = "xxxxxxxx";
    const size_t start = begin_log_record(bytes);
    bytes += "payload";
    finish_log_record(bytes, start, 128, sample(""));
    CHECK(bytes == "xxxxxxxx" + encode(128, "payload"));
}

TEST_CASE("log record: bytes at another offset or of another segment do not verify") {
    const std::string bytes = encode(128, "payload");
    CHECK(accepts(bytes, 3, 128));
    CHECK_FALSE(accepts(bytes, 3, 136));
    CHECK_FALSE(accepts(bytes, 4, 128));
    std::string renumbered = bytes;
    store_fixed64(renumbered.data() + kLogSegmentOffset, 4);
    CHECK_FALSE(accepts(renumbered, 4, 128));
}

TEST_CASE("log record: a flip of any bit is found, padding included") {
    const std::string bytes = encode(128, "payload");
    for (size_t i = 0; i < bytes.size() * 8; ++i) {
        CAPTURE(i);
        std::string bad = bytes;
        bad[i / 8] = static_cast<char>(bad[i / 8] ^ 1 << i % 8);
        CHECK_FALSE(accepts(bad, 3, 128));
    }
}

TEST_CASE("log record: a length beyond the file or the limit is not plausible") {
    std::string bytes = encode(128, "payload");
    uint32_t payload_bytes;
    CHECK_FALSE(log_header_is_plausible(bytes.data(), 3, 128, 128 + 55, payload_bytes));
    store_fixed32(bytes.data() + kLogLengthOffset, kMaxLogPayloadBytes + 1);
    CHECK_FALSE(log_header_is_plausible(bytes.data(), 3, 128, UINT64_MAX, payload_bytes));
}

TEST_CASE("log record: zeros are never a record, not even of segment 0") {
    const std::string zeros(48, '\0');
    CHECK_FALSE(accepts(zeros, 0, 0));
    CHECK_FALSE(accepts(zeros, 0, 64));
}

TEST_CASE("log record: the worked example of the document is what this code writes") {
    const std::string expected = test::doc_bytes("wal_format.md", "commit-group");
    REQUIRE(expected.size() > kLogRecordHeaderBytes);
    LogRecord record;
    REQUIRE(parse_log_record(expected, 64, record));
    std::string written;
    append_log_record(written, 64, record);
    CHECK(test::to_hex(written) == test::to_hex(expected));
    CHECK(record.segment == 2);
    CHECK(record.synced_offset == 64);
    CHECK(record.first_seqno == 4);
}

}  // namespace
}  // namespace kv
