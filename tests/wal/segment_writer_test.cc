// One segment from preparation to seal, with failures on the way.
// SPDX-License-Identifier: Apache-2.0
#include "wal/segment_writer.h"

#include <catch2/catch.hpp>

#include "wal/wal_fixture.h"

namespace kv::wal {
namespace {

using namespace test;  // NOLINT: the fixture's vocabulary

TEST_CASE("segment writer: a prepared segment is durable zeros without a header") {
    const auto fs = make_disk();
    REQUIRE(SegmentWriter::create(*fs, "db", 1, kDatabaseId, kCapacity).is_ok());
    const auto crashed = fs->clone_after_crash(CrashOptions::lose_all());
    CHECK(crashed->read_file(segment_path(1)).value() == std::string(kCapacity, '\0'));
}

TEST_CASE("segment writer: creating empties an older file of the same name") {
    const auto fs = make_disk();
    fs->write_file(segment_path(1), std::string(9000, 'x'));
    REQUIRE(SegmentWriter::create(*fs, "db", 1, kDatabaseId, kCapacity).is_ok());
    CHECK(fs->clone_after_crash(CrashOptions::lose_all())->read_file(segment_path(1)).value() ==
          std::string(kCapacity, '\0'));
}

TEST_CASE("segment writer: a failed creation gives the space back, and the name stays") {
    // The segment had been prepared before, so the MANIFEST counts on its name.
    for (const OpKind kind : {OpKind::kPreallocate, OpKind::kSync, OpKind::kSyncDir}) {
        const auto fs = make_disk();
        LogWriter log(*fs);
        REQUIRE(log.open_segment().is_ok());
        REQUIRE(log.put_synced("a").is_ok());
        REQUIRE(SegmentWriter::create(*fs, "db", 2, kDatabaseId, kCapacity).is_ok());
        fs->set_fault_hook([kind](const Operation& operation) {
            if (operation.kind != kind) return Fault::kNone;
            return kind == OpKind::kSyncDir ? Fault::kEio : Fault::kEnospc;
        });
        CHECK_FALSE(SegmentWriter::create(*fs, "db", 2, kDatabaseId, 2 * kCapacity).is_ok());
        CHECK(fs->file_size(segment_path(2)).value() == 0);
        fs->clear_faults();
        for (uint64_t seed = 0; seed < 8; ++seed) {
            const Replayed replayed = replay(*fs->clone_after_crash(CrashOptions::random(seed)), 2);
            REQUIRE(replayed.status.is_ok());
            CHECK(replayed.puts.size() == 1);
        }
    }
}

TEST_CASE("segment writer: reserves from behind the header until the segment is full") {
    const auto fs = make_disk();
    auto segment = SegmentWriter::create(*fs, "db", 1, kDatabaseId, 64 + 112).value();
    CHECK(segment->fits(112));
    CHECK_FALSE(segment->fits(120));
    CHECK(segment->reserve(56) == 64);
    CHECK(segment->reserve(56) == 120);
    CHECK_FALSE(segment->fits(48));
    CHECK(segment->reserved_offset() == 176);
    CHECK(SegmentWriter::capacity_for(1000, 48) == 1000);
    CHECK(SegmentWriter::capacity_for(1000, 960) == 1024);
}

TEST_CASE("segment writer: a sync first writes zeros ahead of the records, once in a while") {
    constexpr uint64_t kLarge = 4U << 20;
    const auto fs = make_disk();
    auto segment = SegmentWriter::create(*fs, "db", 1, kDatabaseId, kLarge).value();
    REQUIRE(segment->begin({}).is_ok());
    const auto put_synced = [&](size_t bytes) {
        const uint64_t from = fs->operation_count();
        segment->reserve(bytes);
        REQUIRE(segment->write(std::string(bytes, 'r'), 1, true).is_ok());
        REQUIRE(segment->sync().is_ok());
        return fs->operation_count() - from;
    };
    CHECK(put_synced(800) == 3);
    for (int i = 0; i < 100; ++i) CHECK(put_synced(800) == 2);
    CHECK(put_synced(100'000) == 3);
    CHECK(put_synced(3'000'000) == 3);  // records over preallocated bytes are fine too
    const std::string content = fs->read_file(segment_path(1)).value();
    CHECK(content.find('\0', kSegmentHeaderBytes) == 64 + 101 * 800 + 100'000 + 3'000'000);
    CHECK(content.size() == kLarge);
}

TEST_CASE(
    "segment writer: records that no sync follows are written over zeros, in the same bytes") {
    std::string contents[2];
    for (const bool sync_follows : {false, true}) {
        const auto fs = make_disk();
        auto segment = SegmentWriter::create(*fs, "db", 1, kDatabaseId, 1U << 20).value();
        REQUIRE(segment->begin({}).is_ok());
        const uint64_t from = fs->operation_count();
        for (const size_t bytes : {800, 40'000, 160, 8'000, 8, 100'000}) {
            segment->reserve(bytes);
            REQUIRE(segment->write(std::string(bytes, 'r'), 1, sync_follows).is_ok());
        }
        // The small ones come with a write of zeros, unless that of an earlier one reaches far
        // enough.
        CHECK(fs->operation_count() - from == (sync_follows ? 6U : 8U));
        REQUIRE(segment->sync_until(segment->written_end()).is_ok());
        CHECK(segment->synced_end() == segment->written_end());
        contents[sync_follows] = fs->read_file(segment_path(1)).value();
    }
    CHECK(contents[0] == contents[1]);
}

TEST_CASE("segment writer: failing to write zeros ahead harms nothing") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put("a").is_ok());
    fs->fail_at(fs->operation_count(), Fault::kEio);
    REQUIRE(log.sync().is_ok());
    CHECK(fs->faults_hit() == 1);
    REQUIRE(log.put_synced("b").is_ok());
    CHECK(replay(*fs->clone_after_crash(CrashOptions::lose_all()), 1).puts.size() == 2);
}

TEST_CASE("segment writer: synced_offset advances when a sync has returned, not before") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    CHECK(log.segment().synced_offset() == 0);
    CHECK(log.segment().synced_end() == SegmentEnd{1, 0, 0});
    REQUIRE(log.put("a").is_ok());
    CHECK(log.segment().synced_offset() == 0);
    REQUIRE(log.sync().is_ok());
    const uint64_t synced = log.segment().synced_offset();
    CHECK(synced == log.segment().reserved_offset());
    REQUIRE(log.put("b").is_ok());
    CHECK(log.segment().synced_offset() == synced);
    CHECK(log.segment().synced_end() == SegmentEnd{1, synced, 1});
    CHECK(log.segment().written_end().last_seqno == 2);
}

TEST_CASE("segment writer: sealing cuts the file to what was written, durably") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put("a").is_ok());
    const SegmentEnd end = log.segment().seal().value();
    CHECK(end == SegmentEnd{1, log.segment().reserved_offset(), 1});
    const auto crashed = fs->clone_after_crash(CrashOptions::lose_all());
    CHECK(crashed->file_size(segment_path(1)).value() == end.length);
}

TEST_CASE("segment writer: regression row 5: the header of a segment follows the seal before it") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put("a").is_ok());
    const uint64_t from = fs->operation_count();
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put_synced("b").is_ok());
    CHECK(fs->journal_text("db", from) ==
          "truncate 000001.wal\n"
          "sync 000001.wal\n"
          "create 000002.wal\n"
          "preallocate 000002.wal\n"
          "sync 000002.wal\n"
          "sync_dir .\n"
          "write 000002.wal\n"
          "sync 000002.wal\n");
}

TEST_CASE("segment writer: a failed sync is never retried on that file") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put_synced("a").is_ok());
    const SegmentEnd durable = log.segment().synced_end();
    REQUIRE(log.put("b").is_ok());
    fs->fail_at(fs->operation_count(), Fault::kSyncFails);
    CHECK(log.sync().is(Code::kIoError));
    const uint64_t operations = fs->operation_count();
    CHECK(log.sync().is(Code::kIoError));
    CHECK(log.put("c").is(Code::kIoError));
    CHECK(log.segment().seal().status().is(Code::kIoError));
    CHECK(fs->operation_count() == operations);
    CHECK(log.segment().synced_end() == durable);
}

TEST_CASE("segment writer: after a failed write the segment can be sealed before it") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put("a").is_ok());
    fs->fail_at(fs->operation_count(), Fault::kShortWrite);
    CHECK(log.put("b").is(Code::kIoError));
    CHECK(log.put("c").is(Code::kIoError));
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put_synced("d").is_ok());
    const Replayed replayed = replay(*fs->clone_after_crash(CrashOptions::lose_all()), 2);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.puts == std::vector<std::string>{"1 k=a", "2 k=d"});
}

TEST_CASE("segment writer: a header that could not be written fails sync and seal as well") {
    const auto fs = make_disk();
    auto segment = SegmentWriter::create(*fs, "db", 4, kDatabaseId, kCapacity).value();
    fs->fail_at(fs->operation_count(), Fault::kEio);
    CHECK(segment->begin({3, 500, 9}).is(Code::kIoError));
    CHECK(segment->sync().is(Code::kIoError));
    CHECK(segment->seal().status().is(Code::kIoError));
    CHECK(segment->synced_end() == SegmentEnd{4, 0, 9});
}

}  // namespace
}  // namespace kv::wal
