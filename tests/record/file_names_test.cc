// File names there and back, and everything that only looks like one.
// SPDX-License-Identifier: Apache-2.0
#include "record/file_names.h"

#include <catch2/catch.hpp>

namespace kv {
namespace {

TEST_CASE("file names: numbers have at least six digits and come back") {
    CHECK(log_segment_name(1) == "000001.wal");
    CHECK(table_file_name(42) == "000042.sst");
    CHECK(manifest_file_name(1234567) == "MANIFEST-1234567");
    for (const uint64_t number : {uint64_t{1}, uint64_t{999999}, uint64_t{1000000}, UINT64_MAX}) {
        CHECK(parse_file_name(log_segment_name(number)).number == number);
        CHECK(parse_file_name(log_segment_name(number)).kind == FileKind::kLogSegment);
        CHECK(parse_file_name(table_file_name(number)).kind == FileKind::kTable);
        CHECK(parse_file_name(manifest_file_name(number)).kind == FileKind::kManifest);
    }
    CHECK(parse_file_name("CURRENT").kind == FileKind::kCurrent);
    CHECK(parse_file_name("LOCK").kind == FileKind::kLock);
}

TEST_CASE("file names: temporary files are those that we would write") {
    CHECK(is_temp_file_name(log_segment_temp_name(1)));
    CHECK(log_segment_temp_name(1) == "000001.wal.tmp");
    CHECK(is_temp_file_name("CURRENT.tmp"));
    for (const char* name : {"", ".tmp", "1.wal.tmp", "000001.sst.tmp", "000001.wal", "x.tmp"}) {
        CAPTURE(name);
        CHECK_FALSE(is_temp_file_name(name));
    }
}

TEST_CASE("file names: anything we would not write so is unknown") {
    for (const char* name :
         {"", "1.wal", "0000001.wal", "000000.wal", "000001.wal.tmp", ".wal", "+00001.wal",
          "00001a.sst", "MANIFEST-", "MANIFEST-1", "MANIFEST-000001x", "CURRENT.tmp", "lost",
          "99999999999999999999.sst", "000001.log", "-00001.sst"}) {
        CAPTURE(name);
        CHECK(parse_file_name(name).kind == FileKind::kUnknown);
    }
}

}  // namespace
}  // namespace kv
