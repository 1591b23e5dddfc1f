// Version edits and table metadata: encoding and contradictions.
// SPDX-License-Identifier: Apache-2.0
#include "version/version_edit.h"

#include <catch2/catch.hpp>

#include "base/coding.h"
#include "version/version_fixture.h"

namespace kv {
namespace {

using namespace test;  // NOLINT: the fixture's vocabulary

VersionEdit full_edit() {
    VersionEdit edit;
    edit.format_version = 1;
    edit.database_id = UINT64_MAX;
    edit.snapshot_records = 3;
    edit.next_file_number = 12;
    edit.last_created_segment = 5;
    edit.oldest_segment = 4;
    edit.flushed_seqno = kMaxSeqno;
    edit.add(2, table(9, "a", std::string(300, 'z'), 1, kMaxSeqno));
    edit.added[0].meta.tombstones = 1;
    edit.added[0].meta.earliest_expiry_ms = 1234567890123;
    edit.added[0].meta.reason = TableReason::kCompaction;
    edit.remove(6, 7);
    edit.remove(0, 8);
    return edit;
}

std::string encode(const VersionEdit& edit) {
    std::string bytes;
    edit.encode(bytes);
    return bytes;
}

TEST_CASE("version edit: empty and full edits come back as they were") {
    VersionEdit decoded;
    REQUIRE(VersionEdit::decode("", decoded).is_ok());
    CHECK(decoded == VersionEdit{});
    REQUIRE(VersionEdit::decode(encode(full_edit()), decoded).is_ok());
    CHECK(decoded == full_edit());
}

TEST_CASE("version edit: a cut at any byte never decodes to the whole edit") {
    const std::string bytes = encode(full_edit());
    for (size_t length = 0; length < bytes.size(); ++length) {
        CAPTURE(length);
        const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<long>(length));
        VersionEdit decoded;
        const Status status = VersionEdit::decode(Bytes(cut.data(), cut.size()), decoded);
        CHECK((!status.is_ok() || decoded != full_edit()));
    }
}

TEST_CASE("version edit: an unknown tag is unsupported and named") {
    std::string bytes;
    put_varint32(bytes, 77);
    put_length_prefixed(bytes, "whatever");
    VersionEdit decoded;
    const Status status = VersionEdit::decode(bytes, decoded);
    CHECK(status.is(Code::kUnsupported));
    CHECK(contains(status, "tag 77"));
}

TEST_CASE("version edit: a newer format version is unsupported, both versions named") {
    VersionEdit edit, decoded;
    edit.format_version = 8;
    const Status status = VersionEdit::decode(encode(edit), decoded);
    CHECK(status.is(Code::kUnsupported));
    CHECK(contains(status, "version 8"));
    CHECK(contains(status, "version 1"));
}

TEST_CASE("version edit: doubled fields, surplus bytes and impossible levels are corruption") {
    VersionEdit decoded, edit;
    edit.oldest_segment = 3;
    CHECK(VersionEdit::decode(encode(edit) + encode(edit), decoded).is(Code::kCorruption));
    CHECK(VersionEdit::decode(std::string("\x06\x02\x03\x03", 4), decoded).is(Code::kCorruption));
    CHECK(VersionEdit::decode(std::string("\x09\x02\x07\x03", 4), decoded).is(Code::kCorruption));
    CHECK(VersionEdit::decode(std::string("\x09\x02\x06\x03", 4), decoded).is_ok());
}

TEST_CASE("table metadata: contradictions are corruption and name the table") {
    const auto fault_of = [](void (*change)(FileMeta&)) {
        FileMeta meta = table(9, "b", "c", 5, 6);
        change(meta);
        VersionEdit edit, decoded;
        edit.add(1, meta);
        const Status status = check_file_meta(meta);
        CHECK(VersionEdit::decode(encode(edit), decoded).code() == status.code());
        return status;
    };
    CHECK(fault_of([](FileMeta&) {}).is_ok());
    CHECK(contains(fault_of([](FileMeta& m) { m.entries = 0; }), "table 9"));
    CHECK_FALSE(fault_of([](FileMeta& m) { m.number = 0; }).is_ok());
    CHECK_FALSE(fault_of([](FileMeta& m) { m.tombstones = 3; }).is_ok());
    CHECK_FALSE(fault_of([](FileMeta& m) { m.smallest_seqno = 0; }).is_ok());
    CHECK_FALSE(fault_of([](FileMeta& m) { m.smallest_seqno = 7; }).is_ok());
    CHECK_FALSE(fault_of([](FileMeta& m) { m.largest_seqno = kMaxSeqno + 1; }).is_ok());
    CHECK_FALSE(fault_of([](FileMeta& m) { m.largest_seqno = 5; }).is_ok());
    CHECK_FALSE(fault_of([](FileMeta& m) { std::swap(m.smallest, m.largest); }).is_ok());
    CHECK_FALSE(fault_of([](FileMeta& m) { m.smallest = "short"; }).is_ok());
    CHECK_FALSE(fault_of([](FileMeta& m) { m.largest.back() = 'x'; }).is_ok());
}

}  // namespace
}  // namespace kv
