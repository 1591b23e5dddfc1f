// What replay refuses: missing, shortened, foreign and damaged segments, gaps in history.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "wal/recovery.h"
#include "wal/wal_fixture.h"

namespace kv::wal {
namespace {

using namespace test;  // NOLINT: the fixture's vocabulary
using Strings = std::vector<std::string>;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_CASE("wal recovery: regression row 1: a log cut at a record boundary leaves no silent hole") {
    const auto fs = three_segments();
    const std::string bytes = fs->read_file(segment_path(1)).value();
    // Cut the second record of the first segment off.
    fs->write_file(segment_path(1), bytes.substr(0, 64 + (bytes.size() - 64) / 2));
    const Replayed replayed = replay(*fs, 3);
    CHECK(replayed.status.is(Code::kCorruption));
    CHECK(contains(message_of(replayed), "db/000001.wal"));
    CHECK(contains(message_of(replayed), std::to_string(bytes.size())));
}

TEST_CASE("wal recovery: regression row 1: zeros after a record boundary leave no silent hole") {
    const auto fs = three_segments();
    std::string bytes = fs->read_file(segment_path(1)).value();
    const size_t cut = 64 + (bytes.size() - 64) / 2;
    std::fill(bytes.begin() + static_cast<long>(cut), bytes.end(), '\0');
    fs->write_file(segment_path(1), bytes);
    const Replayed replayed = replay(*fs, 3);
    CHECK(replayed.status.is(Code::kCorruption));
    CHECK(contains(message_of(replayed), "after seqno 1"));
}

TEST_CASE("wal recovery: regression row 1 and 19: a missing segment is named and refused") {
    for (const uint64_t number : {1U, 2U, 3U}) {
        const auto fs = three_segments();
        REQUIRE(fs->remove(segment_path(number)).is_ok());
        const Replayed replayed = replay(*fs, 3);
        CHECK(replayed.status.is(Code::kCorruption));
        CHECK(contains(message_of(replayed), segment_path(number) + ": log segment is missing"));
        CHECK(contains(message_of(replayed), "kvtool verify DIR"));
    }
}

TEST_CASE("wal recovery: regression row 2: an I/O error at any read refuses to open") {
    const auto fs = three_segments();
    uint64_t reads = 0;
    for (const Operation& operation : [&] {
             const uint64_t from = fs->operation_count();
             ReplayRequest request;
             request.last_created_segment = 3;
             request.read_only = true;
             REQUIRE(replay(*fs, request).status.is_ok());
             auto journal = fs->journal();
             journal.erase(journal.begin(), journal.begin() + static_cast<long>(from));
             return journal;
         }()) {
        reads += operation.kind == OpKind::kRead ? 1 : 0;
    }
    REQUIRE(reads >= 6);
    for (uint64_t nth = 0; nth < reads; ++nth) {
        CAPTURE(nth);
        uint64_t seen = 0;
        fs->set_fault_hook([&](const Operation& operation) {
            const bool hit = operation.kind == OpKind::kRead && seen++ == nth;
            return hit ? Fault::kReadEio : Fault::kNone;
        });
        ReplayRequest request;
        request.last_created_segment = 3;
        request.read_only = true;
        CHECK(replay(*fs, request).status.is(Code::kIoError));
    }
}

TEST_CASE("wal recovery: regression row 3: a recycled file's old records are not replayed") {
    const auto fs = three_segments();
    // Segment 1's bytes under the name of segment 4, as after a rename for reuse.
    fs->write_file(segment_path(4), fs->read_file(segment_path(1)).value());
    const Replayed replayed = replay(*fs, 4);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.puts.size() == 5);
    CHECK(replayed.log.last.number == 3);
}

TEST_CASE("wal recovery: regression row 4: one bit flipped anywhere in the log") {
    const auto fs = three_segments();
    for (const uint64_t number : {1U, 2U, 3U}) {
        const std::string bytes = fs->read_file(segment_path(number)).value();
        const uint64_t used = replay(*fs, 3).log.last.length;
        const size_t length = number == 3 ? used : bytes.size();
        for (size_t i = 0; i < length; ++i) {
            CAPTURE(number, i);
            std::string bad = bytes;
            bad[i] = static_cast<char>(bad[i] ^ 1);
            const auto disk = fs->clone_after_crash(CrashOptions::keep_all());
            disk->write_file(segment_path(number), bad);
            const Replayed replayed = replay(*disk, 3);
            if (number < 3) {
                REQUIRE(replayed.status.is(Code::kCorruption));
                continue;
            }
            // The one group of the last segment was never followed by proof that it was durable.
            REQUIRE(replayed.status.is_ok());
            REQUIRE(replayed.puts.size() == 4);
        }
    }
}

TEST_CASE("wal recovery: a damaged header of the last segment is refused once proof follows it") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put_synced("a").is_ok());
    REQUIRE(log.put_synced("b").is_ok());
    for (uint64_t i = 0; i < 64; ++i) {
        const auto disk = fs->clone_after_crash(CrashOptions::keep_all());
        disk->corrupt(segment_path(1), i);
        CHECK(replay(*disk, 1).status.is(Code::kCorruption));
    }
}

TEST_CASE("wal recovery: zeros in the middle of the chain are refused") {
    const auto fs = three_segments();
    fs->write_file(segment_path(2), std::string(kCapacity, '\0'));
    const Replayed replayed = replay(*fs, 3);
    CHECK(replayed.status.is(Code::kCorruption));
    CHECK(contains(message_of(replayed), segment_path(2)));
}

TEST_CASE("wal recovery: another store's segment is refused, both ids named") {
    const auto fs = three_segments();
    ReplayRequest request;
    request.last_created_segment = 3;
    request.database_id = 0xABC;
    const auto result =
        replay_log(*fs, "db", request, [](const ReplayedBatch&) { return Status::ok(); });
    CHECK(result.status().is(Code::kCorruption));
    const std::string message(result.status().message());
    CHECK(contains(message, "00000000000000db"));
    CHECK(contains(message, "0000000000000abc"));
}

TEST_CASE("wal recovery: a newer format is refused, both versions named") {
    const auto fs = make_disk();
    SegmentHeader header;
    header.version = 9;
    header.number = 1;
    header.database_id = kDatabaseId;
    std::string bytes(64, '\0');
    encode_segment_header(header, bytes.data());
    fs->write_file(segment_path(1), bytes);
    const Replayed replayed = replay(*fs, 1);
    CHECK(replayed.status.is(Code::kUnsupported));
    CHECK(contains(message_of(replayed), "version 9"));
    CHECK(contains(message_of(replayed), "version 2"));
}

TEST_CASE("wal recovery: a gap or an overlap in seqnos is refused") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put_synced("a").is_ok());
    log.skip_seqnos(1);
    REQUIRE(log.put_synced("c").is_ok());
    const Replayed replayed = replay(*fs, 1);
    CHECK(replayed.status.is(Code::kCorruption));
    CHECK(contains(message_of(replayed), "starts with seqno 3, expected 2"));
    // Not even tables make up for it within a segment.
    CHECK(replay(*fs, 1, 1, 2).status.is(Code::kCorruption));
}

TEST_CASE("wal recovery: a log that begins after what tables hold is refused") {
    const auto fs = three_segments();
    CHECK(replay(*fs, 3, 3, 4).status.is_ok());
    const Replayed replayed = replay(*fs, 3, 3, 3);
    CHECK(replayed.status.is(Code::kCorruption));
    CHECK(contains(message_of(replayed), "mutations between are missing"));
}

TEST_CASE("wal recovery: records of an unknown type and malformed batches are refused") {
    std::string increment, group;
    append_increment(increment, "k", 1);
    append_batch(group, 1, increment);
    struct Case {
        std::string payload;
        LogRecordType type;
    };
    for (const Case& bad :
         {Case{"", LogRecordType::kMembership}, Case{"", LogRecordType::kVersionEdit},
          Case{"", static_cast<LogRecordType>(99)},
          Case{"\x01\x09short", LogRecordType::kCommitGroup},
          Case{std::string("\x02\x03\x02\x01k", 5), LogRecordType::kCommitGroup},
          Case{group, LogRecordType::kCommitGroup}}) {
        const auto fs = make_disk();
        LogWriter log(*fs);
        REQUIRE(log.open_segment().is_ok());
        REQUIRE(log.raw(bad.payload, 1, bad.type).is_ok());
        REQUIRE(log.sync().is_ok());
        const Replayed replayed = replay(*fs, 1);
        CHECK(replayed.status.is(Code::kCorruption));
        CHECK(contains(message_of(replayed), "db/000001.wal, offset "));
        CHECK(replayed.puts.empty());
    }
}

TEST_CASE("wal recovery: a segment with records that the MANIFEST does not know is refused") {
    const auto fs = three_segments();
    const Replayed replayed = replay(*fs, 2);
    CHECK(replayed.status.is(Code::kCorruption));
    CHECK(contains(message_of(replayed), "db/000003.wal"));
    CHECK(contains(message_of(replayed), "older MANIFEST"));
}

TEST_CASE("wal recovery: a batch that is only in part in tables is refused") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put_synced("a", 3).is_ok());
    CHECK(replay(*fs, 1, 1, 2).status.is(Code::kCorruption));
    CHECK(replay(*fs, 1, 1, 3).status.is_ok());
}

TEST_CASE("wal recovery: a segment put in another one's place is refused") {
    const auto fs = three_segments();
    const std::string first = fs->read_file(segment_path(1)).value();
    fs->write_file(segment_path(2), first);
    CHECK(replay(*fs, 3).status.is(Code::kCorruption));
}

}  // namespace
}  // namespace kv::wal
