// What replay accepts: clean logs, torn tails, unused segments, interrupted switches.
// SPDX-License-Identifier: Apache-2.0
#include "wal/recovery.h"

#include <catch2/catch.hpp>

#include "support/seed.h"
#include "wal/wal_fixture.h"

namespace kv::wal {
namespace {

using namespace test;  // NOLINT: the fixture's vocabulary
using Strings = std::vector<std::string>;

const Strings kAll = {"1 k=a", "2 k=b", "3 k=c", "4 k=d", "5 k=e"};

TEST_CASE("wal recovery: no segments is an empty log that starts with segment 1") {
    const auto fs = make_disk();
    const Replayed replayed = replay(*fs, 0);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.puts.empty());
    CHECK(replayed.log.last == SegmentEnd{0, 0, 0});
    CHECK(replayed.log.next_segment == 1);
    CHECK(replayed.log.last_seqno == 0);
}

TEST_CASE("wal recovery: a prepared segment that was never used is an empty log") {
    const auto fs = make_disk();
    REQUIRE(SegmentWriter::create(*fs, "db", 1, kDatabaseId, kCapacity).is_ok());
    const Replayed replayed = replay(*fs, 1);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.log.next_segment == 1);
}

TEST_CASE("wal recovery: a segment without a byte is taken for unused, and told of") {
    const auto fs = three_segments();
    CHECK(replay(*fs, 3).log.emptied.empty());
    fs->write_file(segment_path(3), "");
    const Replayed replayed = replay(*fs, 3);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.log.next_segment == 3);
    CHECK(replayed.log.emptied == Strings{segment_path(3)});
}

TEST_CASE("wal recovery: replays every batch of the chain in order, with its seqnos") {
    const auto fs = three_segments();
    const Replayed replayed = replay(*fs, 3);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.puts == kAll);
    CHECK(replayed.log.last.number == 3);
    CHECK(replayed.log.last.last_seqno == 5);
    CHECK(replayed.log.next_segment == 4);
    CHECK(replayed.log.segments == 3);
    CHECK(replayed.log.batches == 5);
    CHECK(replayed.log.torn_tail.path.empty());
}

TEST_CASE("wal recovery: a log of format version 1 is read") {
    const auto fs = three_segments();
    for (const uint64_t number : {1U, 2U, 3U}) {
        std::string bytes = *fs->read_file(segment_path(number));
        SegmentHeader header;
        REQUIRE(decode_segment_header(bytes, number, header) == HeaderState::kValid);
        REQUIRE(header.previous_unsynced == 0);
        header.version = 1;
        encode_segment_header(header, bytes.data());
        fs->write_file(segment_path(number), bytes);
    }
    CHECK(replay(*fs, 3).puts.size() == 5);
}

TEST_CASE("wal recovery: replaying twice gives the same state") {
    const auto fs = three_segments();
    const Replayed first = replay(*fs, 3), second = replay(*fs, 3);
    CHECK(first.puts == second.puts);
    CHECK(first.log.last == second.log.last);
}

TEST_CASE("wal recovery: the log goes on behind what was recovered, again and again") {
    const auto fs = three_segments();
    for (uint64_t segment = 4; segment < 8; ++segment) {
        const Replayed replayed = replay(*fs, segment - 1);
        REQUIRE(replayed.status.is_ok());
        LogWriter log(*fs);
        REQUIRE(log.begin_segment(replayed.log.last).is_ok());
        REQUIRE(log.put_synced("more").is_ok());
    }
    CHECK(replay(*fs, 7).puts.size() == 9);
}

TEST_CASE("wal recovery: batches that are in tables are skipped, segments before are obsolete") {
    const auto fs = three_segments();
    Replayed replayed = replay(*fs, 3, 1, 3);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.puts == Strings{"4 k=d", "5 k=e"});
    CHECK(replayed.log.skipped == 3);
    CHECK(replayed.log.obsolete.empty());
    replayed = replay(*fs, 3, 3, 4);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.puts == Strings{"5 k=e"});
    CHECK(replayed.log.obsolete == Strings{"000001.wal", "000002.wal"});
    REQUIRE(fs->remove(segment_path(1)).is_ok());
    REQUIRE(fs->remove(segment_path(2)).is_ok());
    CHECK(replay(*fs, 3, 3, 4).puts == Strings{"5 k=e"});
}

TEST_CASE("wal recovery: a torn tail at any byte is cut and reported, and nothing else is lost") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put_synced("a").is_ok());
    const uint64_t synced = log.segment().synced_offset();
    REQUIRE(log.put("b", 3).is_ok());
    const std::string whole = fs->read_file(segment_path(1)).value();
    const uint64_t end = log.segment().reserved_offset();
    for (uint64_t cut = synced; cut < end; ++cut) {
        CAPTURE(cut);
        std::string torn = whole;
        std::fill(torn.begin() + static_cast<long>(cut), torn.end(), '\0');
        if (torn == whole) continue;  // only padding was cut
        const auto disk = make_disk();
        disk->write_file(segment_path(1), torn);
        const Replayed replayed = replay(*disk, 1);
        REQUIRE(replayed.status.is_ok());
        CHECK(replayed.puts == Strings{"1 k=a"});
        CHECK(replayed.log.last == SegmentEnd{1, synced, 1});
        CHECK(disk->file_size(segment_path(1)).value() == synced);
        CHECK(replayed.log.torn_tail.path.empty() == (cut == synced));
        CHECK(replay(*disk, 1).log.torn_tail.path.empty());
    }
}

TEST_CASE("wal recovery: a read-only replay changes nothing") {
    const auto fs = three_segments();
    std::string torn = fs->read_file(segment_path(3)).value();
    torn[150] = 'x';
    fs->write_file(segment_path(3), torn);
    ReplayRequest request;
    request.last_created_segment = 3;
    request.read_only = true;
    const uint64_t from = fs->operation_count();
    const Replayed replayed = replay(*fs, request);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.log.torn_tail.bytes > 0);
    CHECK(fs->journal_text("db", from).empty());
    CHECK(fs->read_file(segment_path(3)).value() == torn);
}

TEST_CASE("wal recovery: what was replayed is durable before it is served") {
    // The process died right after its sync had failed: the bytes are readable, but marked clean.
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put_synced("a").is_ok());
    REQUIRE(log.put("b").is_ok());
    fs->set_failed_sync(FailedSync::kLoseData);
    fs->fail_at(fs->operation_count(), Fault::kSyncFails);
    REQUIRE_FALSE(log.sync().is_ok());
    const Replayed served = replay(*fs, 1);
    REQUIRE(served.status.is_ok());
    const auto crashed = fs->clone_after_crash(CrashOptions::lose_all());
    CHECK(replay(*crashed, 1).puts == served.puts);
}

TEST_CASE("wal recovery: goes on from the durable end of a segment whose sync failed") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put_synced("a").is_ok());
    REQUIRE(log.put("lost").is_ok());
    fs->fail_at(fs->operation_count(), Fault::kSyncFails);
    REQUIRE_FALSE(log.sync().is_ok());
    REQUIRE(log.begin_segment(log.segment().synced_end()).is_ok());
    REQUIRE(log.put_synced("logged again").is_ok());
    for (const CrashOptions& options : {CrashOptions::lose_all(), CrashOptions::keep_all()}) {
        const Replayed replayed = replay(*fs->clone_after_crash(options), 2);
        REQUIRE(replayed.status.is_ok());
        CHECK(replayed.puts == Strings{"1 k=a", "2 k=logged again"});
    }
}

TEST_CASE("wal recovery: goes past segments whose very first sync failed") {
    const auto fs = three_segments();
    LogWriter log(*fs);
    SegmentEnd previous = replay(*fs, 3).log.last;
    for (int i = 0; i < 2; ++i) {
        REQUIRE(log.begin_segment(previous).is_ok());
        REQUIRE(log.put("lost").is_ok());
        fs->fail_at(fs->operation_count(), Fault::kSyncFails);
        REQUIRE_FALSE(log.sync().is_ok());
        previous = log.segment().synced_end();
    }
    CHECK(previous.length == 0);
    // Segments 4 and 5 may be lost or there; without a segment 6, either is the end of the log.
    for (const uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) {
        CHECK(replay(*fs->clone_after_crash(CrashOptions::random(seed)), 5).status.is_ok());
    }
    REQUIRE(log.begin_segment(previous).is_ok());
    REQUIRE(log.put_synced("f").is_ok());
    for (const CrashOptions& options : {CrashOptions::lose_all(), CrashOptions::keep_all()}) {
        const auto crashed = fs->clone_after_crash(options);
        const Replayed replayed = replay(*crashed, 6);
        REQUIRE(replayed.status.is_ok());
        CHECK(replayed.puts.back() == "6 k=f");
        CHECK(replayed.puts.size() == 6);
        CHECK(replay(*crashed, 6, 4, 5).puts == Strings{"6 k=f"});
    }
}

TEST_CASE("wal recovery: a log that lost what tables hold goes on behind the tables") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put_synced("a").is_ok());
    REQUIRE(log.segment().seal().is_ok());
    REQUIRE(log.begin_segment(log.segment().synced_end()).is_ok());
    log.skip_seqnos(4);
    REQUIRE(log.put_synced("f").is_ok());
    const Replayed replayed = replay(*fs, 2, 1, 5);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.puts == Strings{"6 k=f"});
    CHECK(replay(*fs, 2, 1, 4).status.is(Code::kCorruption));
}

TEST_CASE("wal recovery: segments that the MANIFEST does not know and nobody used are orphans") {
    const auto fs = three_segments();
    REQUIRE(SegmentWriter::create(*fs, "db", 4, kDatabaseId, kCapacity).is_ok());
    const Replayed replayed = replay(*fs, 3);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.log.orphans == Strings{"000004.wal"});
    CHECK(replayed.log.next_segment == 4);
}

TEST_CASE("wal recovery: several prepared segments at the end of the chain may be unused") {
    const auto fs = three_segments();
    for (const uint64_t number : {4U, 5U}) {
        REQUIRE(SegmentWriter::create(*fs, "db", number, kDatabaseId, kCapacity).is_ok());
    }
    const Replayed replayed = replay(*fs, 5);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.puts == kAll);
    CHECK(replayed.log.next_segment == 4);
}

TEST_CASE("wal recovery: an error of the caller stops the replay and comes back") {
    const auto fs = three_segments();
    ReplayRequest request;
    request.database_id = kDatabaseId;
    request.last_created_segment = 3;
    int calls = 0;
    const auto result = replay_log(*fs, "db", request, [&](const ReplayedBatch&) {
        return ++calls == 2 ? Status::no_space("full") : Status::ok();
    });
    CHECK(result.status().is(Code::kNoSpace));
    CHECK(calls == 2);
}

TEST_CASE("wal recovery: a crash at any operation keeps every synced batch, in order") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    const auto fs = make_disk();
    Random random(seed);
    uint64_t acknowledged = 0, last_created = 0;
    uint64_t checked = 0;
    fs->set_before_op_hook([&](const Operation& operation) {
        const auto crashed =
            fs->clone_after_crash(CrashOptions::random(seed + operation.index * 31));
        CAPTURE(operation.index, to_string(operation));
        const Replayed replayed = replay(*crashed, last_created);
        REQUIRE(replayed.status.is_ok());
        REQUIRE(replayed.puts.size() >= acknowledged);
        for (size_t i = 0; i < replayed.puts.size(); ++i) {
            REQUIRE(replayed.puts[i] == std::to_string(i + 1) + " k=v" + std::to_string(i + 1));
        }
        // And a crash during that recovery's aftermath finds the same.
        const auto again = crashed->clone_after_crash(CrashOptions::lose_all());
        REQUIRE(replay(*again, last_created).puts == replayed.puts);
        ++checked;
    });
    LogWriter log(*fs);
    uint64_t written = 0;
    for (int i = 0; i < 60; ++i) {
        if (i == 0 || random.one_in(8)) {
            REQUIRE(log.open_segment().is_ok());
            acknowledged = written;
            last_created = log.segment().number();
        } else if (random.one_in(6) && log.segment().synced_offset() != 0) {
            REQUIRE(log.leave_segment().is_ok());
            last_created = log.segment().number();
        } else if (random.one_in(8)) {
            REQUIRE(log.seal_left().is_ok());
        }
        REQUIRE(log.put("v" + std::to_string(++written)).is_ok());
        if (random.one_in(2)) {
            REQUIRE(log.sync().is_ok());
            acknowledged = written;
        }
    }
    CHECK(checked > 100);
}

}  // namespace
}  // namespace kv::wal
