// Segments that began before the one in front of them was durable: what recovery makes of the two
// after a crash. The log of these tests: a, b synced in segment 1, c not; d in segment 2.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "wal/segment_chain.h"
#include "wal_fixture.h"

namespace kv::wal {
namespace {

using namespace kv::test;
using Strings = std::vector<std::string>;

const Strings kAll = {"1 k=a", "2 k=b", "3 k=c", "4 k=d"};

struct LeftSegment {
    std::unique_ptr<CrashFileSystem> fs = make_disk();
    LogWriter log{*fs};
    uint64_t durable = 0, end = 0;  // of segment 1

    LeftSegment() {
        REQUIRE(log.open_segment().is_ok());
        REQUIRE(log.put_synced("a").is_ok());
        REQUIRE(log.put_synced("b").is_ok());
        durable = log.segment().synced_offset();
        REQUIRE(log.put("c").is_ok());
        end = log.segment().written_end().length;
        REQUIRE(log.leave_segment().is_ok());
        REQUIRE(log.put("d").is_ok());
    }
    std::string content(uint64_t number) const { return *fs->read_file(segment_path(number)); }
    /// As when the kernel wrote back all but what came after a and b.
    void lose_c(size_t bytes_kept = 0) {
        std::string bytes = content(1);
        const auto from = static_cast<size_t>(durable) + bytes_kept;
        bytes.replace(from, bytes.size() - from, bytes.size() - from, '\0');
        fs->write_file(segment_path(1), bytes);
    }
    void damage(uint64_t number, uint64_t offset) { fs->corrupt(segment_path(number), offset, 4); }
};

TEST_CASE("unsealed segment: its header says how much before it was not durable") {
    LeftSegment f;
    const Result<ChainLink> link = open_segment(*f.fs, "db", 2, kDatabaseId);
    REQUIRE(link.is_ok());
    CHECK(link->header.previous == SegmentEnd{1, f.end, 3});
    CHECK(link->header.previous_durable_length() == f.durable);
}

TEST_CASE("unsealed segment: a killed process loses nothing of either segment") {
    LeftSegment f;
    const Replayed replayed = replay(*f.fs, 2);
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.puts == kAll);
    CHECK(replayed.log.torn_tail.path.empty());
    // What was served must survive from now on, in both.
    CHECK(replay(*f.fs->clone_after_crash(CrashOptions::lose_all()), 2).puts == kAll);
}

TEST_CASE("unsealed segment: a read-only replay makes nothing durable") {
    LeftSegment f;
    const uint64_t before = f.fs->operation_count();
    ReplayRequest request;
    request.last_created_segment = 2;
    request.read_only = true;
    CHECK(replay(*f.fs, request).puts == kAll);
    CHECK(f.fs->journal_text("db", before).find("sync") == std::string::npos);
}

TEST_CASE("unsealed segment: with its predecessor's tail lost it goes as well") {
    LeftSegment f;
    f.lose_c(GENERATE(0U, 8U, 48U));
    const Replayed replayed = replay(*f.fs, 2);
    INFO(message_of(replayed));
    REQUIRE(replayed.status.is_ok());
    CHECK(replayed.puts == Strings{"1 k=a", "2 k=b"});
    CHECK(replayed.log.last == SegmentEnd{1, f.durable, 2});
    CHECK(replayed.log.torn_tail.path == segment_path(1));
    CHECK(replayed.log.torn_tail.offset == f.durable);
    CHECK(replayed.log.torn_tail.dropped_segment == segment_path(2));

    const auto again = f.fs->clone_after_crash(CrashOptions::lose_all());
    CHECK(replay(*again, 2).puts == replayed.puts);
    // Once tables hold all of it, segment 1 may be forgotten: 2 must not pass for the beginning.
    CHECK(replay(*again, 2, 2, 2).status.is_ok());
    LogWriter log(*again);
    REQUIRE(log.begin_segment(replayed.log.last).is_ok());
    REQUIRE(log.put_synced("e").is_ok());
    const Replayed later = replay(*again, 2);
    INFO(message_of(later));
    CHECK(later.puts == Strings{"1 k=a", "2 k=b", "3 k=e"});
}

TEST_CASE("unsealed segment: a crash before it is dropped finds the same") {
    LeftSegment f;
    f.lose_c();
    f.fs->set_before_op_hook([&](const Operation& operation) {
        CAPTURE(to_string(operation));
        const auto crashed = f.fs->clone_after_crash(CrashOptions::random(operation.index));
        REQUIRE(replay(*crashed, 2).puts == Strings{"1 k=a", "2 k=b"});
    });
    REQUIRE(replay(*f.fs, 2).status.is_ok());
}

TEST_CASE("unsealed segment: damage before what its header knew to be durable is refused") {
    LeftSegment f;
    f.damage(1, f.durable - 8);
    const Replayed replayed = replay(*f.fs, 2);
    CHECK(replayed.status.is(Code::kCorruption));
    CHECK(message_of(replayed).find("up to offset " + std::to_string(f.durable)) !=
          std::string::npos);
}

TEST_CASE("unsealed segment: once a record of it follows a sync, both are proven") {
    LeftSegment f;
    REQUIRE(f.log.sync().is_ok());
    REQUIRE(f.log.put("e").is_ok());
    SECTION("the predecessor was sealed before that sync") {
        const auto crashed = f.fs->clone_after_crash(CrashOptions::lose_all());
        CHECK(replay(*crashed, 2).puts == kAll);
    }
    SECTION("damage of the predecessor's end is refused") {
        f.damage(1, f.durable + 8);
        const Replayed replayed = replay(*f.fs, 2);
        CHECK(replayed.status.is(Code::kCorruption));
        CHECK(message_of(replayed).find("written after a sync") != std::string::npos);
    }
}

TEST_CASE("unsealed segment: the segment after it proves its predecessor") {
    LeftSegment f;
    REQUIRE(f.log.open_segment().is_ok());
    f.damage(1, f.durable + 8);
    CHECK(replay(*f.fs, 3).status.is(Code::kCorruption));
}

TEST_CASE("unsealed segment: replaced by its records behind the durable end, when the seal fails") {
    LeftSegment f;
    f.fs->fail_at(f.fs->operation_count() + 1, Fault::kSyncFails);
    REQUIRE_FALSE(f.log.seal_left().is_ok());
    auto anew = SegmentWriter::create_beside(*f.fs, "db", 2, kDatabaseId, 4096);
    REQUIRE(anew.is_ok());
    REQUIRE((*anew)->begin({1, f.durable, 2}).is_ok());
    // Killed now, the writes in the old pages are still there.
    ReplayRequest request;
    request.last_created_segment = 2;
    request.read_only = true;
    CHECK(replay(*f.fs, request).puts == kAll);
    REQUIRE((*anew)->sync().is_ok());
    REQUIRE((*anew)->take_place(*f.fs, "db").is_ok());
    CHECK((*anew)->path() == segment_path(2));
    const auto crashed = f.fs->clone_after_crash(CrashOptions::lose_all());
    CHECK(replay(*crashed, 2).puts == Strings{"1 k=a", "2 k=b"});
    CHECK_FALSE(crashed->read_file(join_path("db", log_segment_temp_name(2))).is_ok());
}

TEST_CASE("segment writer: sealing a second time does nothing") {
    const auto fs = make_disk();
    LogWriter log(*fs);
    REQUIRE(log.open_segment().is_ok());
    REQUIRE(log.put("a").is_ok());
    const SegmentEnd end = log.segment().seal().value();
    const uint64_t operations = fs->operation_count();
    CHECK(log.segment().seal().value() == end);
    CHECK(fs->operation_count() == operations);
}

}  // namespace
}  // namespace kv::wal
