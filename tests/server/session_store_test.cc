// server/session_store.cc and checkpoints.cc: STATUS, STATS, CHECKPOINT.
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include "server/checkpoints.h"
#include "server/session_fixture.h"
#include "support/temp_dir.h"

namespace kv::server {

namespace {

class StoreFixture : public SessionFixture {
  public:
    StoreFixture() { config.data_dir = dir_.path(); }
    Answer checkpoint(Bytes name) {
        send(frame(Opcode::kCheckpoint, ++id_, protocol::CheckpointRequest{name}));
        finish_task();
        std::vector<Answer> all = answers();
        REQUIRE(all.size() == 1);
        return std::move(all[0]);
    }
    std::string in_data_dir(const std::string& name) const { return dir_.path() + "/" + name; }

  private:
    test::TempDir dir_;
    uint64_t id_ = 100;
};

}  // namespace

TEST_CASE_METHOD(SessionFixture, "store: STATUS tells whether a seqno is durable") {
    greet();
    db.set("a", "1");
    const auto found = send(frame(Opcode::kStatus, 2, protocol::StatusRequest{1}) +
                            frame(Opcode::kStatus, 3, protocol::StatusRequest{2}));
    CHECK(found.at(0).as<protocol::StatusResponse>().is_durable);
    CHECK_FALSE(found.at(1).as<protocol::StatusResponse>().is_durable);
}

TEST_CASE_METHOD(SessionFixture, "store: STATS are sorted and can be narrowed") {
    greet();
    send(frame(Opcode::kStats, 2, protocol::StatsRequest{"server."}));
    finish_task();
    const auto found = answers();
    const auto stats = found.at(0).as<protocol::StatsResponse>();
    REQUIRE(stats.entries.size() > 10);
    for (size_t i = 1; i < stats.entries.size(); ++i) {
        CHECK(stats.entries[i - 1].name < stats.entries[i].name);
        CHECK(stats.entries[i].name.starts_with("server."));
    }
}

TEST_CASE_METHOD(SessionFixture, "store: STATS above the agreed frame are too_large") {
    protocol::HelloRequest small;
    small.wanted_frame_bytes = protocol::kPreAuthFrameBytes;
    REQUIRE(send(frame(Opcode::kHello, 1, small)).at(0).ok());
    db.state_reason = std::string(protocol::kPreAuthFrameBytes, 'r');
    send(frame(Opcode::kStats, 2, protocol::StatsRequest{}));
    finish_task();
    CHECK(answers().at(0).is(WireStatus::kTooLarge));
    send(frame(Opcode::kStats, 3, protocol::StatsRequest{"server."}));
    finish_task();
    CHECK(answers().at(0).ok());
}

TEST_CASE_METHOD(StoreFixture, "store: a checkpoint is made in the data directory, and told of") {
    greet();
    db.set("a", "1");
    const Answer answer = checkpoint("monday-2.old_1");
    const auto made = answer.as<protocol::CheckpointResponse>();
    CHECK(made.path == in_data_dir("checkpoints/monday-2.old_1"));
    CHECK(made.seqno == 1);
    CHECK(made.tables == 3);
    CHECK(made.table_bytes == 300);
    CHECK(made.copied_tables == 0);
    CHECK(made.log_bytes == 9);
    CHECK(std::filesystem::is_directory(in_data_dir("checkpoints/monday-2.old_1")));
}

TEST_CASE_METHOD(StoreFixture, "store: a name that is taken stays as it is") {
    greet();
    REQUIRE(checkpoint("monday").ok());
    const Answer again = checkpoint("monday");
    CHECK(again.is(WireStatus::kInvalidArgument));
    CHECK(checkpoint("tuesday").ok());
}

TEST_CASE_METHOD(StoreFixture,
                 "store: a checkpoint that fails leaves its name free, and no files") {
    greet();
    db.checkpoint_status = Status(Code::kNoSpace, "the disk is full");
    CHECK(checkpoint("monday").is(WireStatus::kNoSpace));
    CHECK(std::filesystem::is_empty(in_data_dir("checkpoints")));
    db.checkpoint_status = Status::ok();
    CHECK(checkpoint("monday").ok());
}

TEST_CASE_METHOD(StoreFixture,
                 "store: what was done is told although memory is full, what was read is not") {
    greet();
    const auto ask = [&](const std::string& request) {
        REQUIRE(send(request).empty());
        const auto full = static_cast<int64_t>(config.limits.network_memory_bytes) + 1;
        shared().memory.add(full);
        finish_task();
        shared().memory.add(-full);
        return answers().at(0);
    };
    CHECK(ask(frame(Opcode::kCheckpoint, 2, protocol::CheckpointRequest{"monday"})).ok());
    CHECK(ask(frame(Opcode::kKeyspaceCreate, 3, protocol::KeyspaceNameRequest{"orders"})).ok());
    CHECK(ask(frame(Opcode::kStats, 4, protocol::StatsRequest{})).is(WireStatus::kOverloaded));
    db.fail_writes_with({Code::kInDoubt, "the disk is gone"});
    for (const Opcode opcode : {Opcode::kKeyspaceCreate, Opcode::kKeyspaceDrop}) {
        const Bytes name = opcode == Opcode::kKeyspaceDrop ? "orders" : "users";
        CHECK(ask(frame(opcode, 5, protocol::KeyspaceNameRequest{name})).is(WireStatus::kInDoubt));
    }
}

TEST_CASE("store: a start removes checkpoints that were cut off, and nothing else") {
    const test::TempDir dir;
    const std::filesystem::path all = std::filesystem::path(dir.path()) / "checkpoints";
    for (const char* const name : {".monday.unfinished", "monday", "tuesday.unfinished", ".kept"}) {
        std::filesystem::create_directories(all / name);
        std::ofstream(all / name / "000007.sst") << "table";
    }
    FakeDb db;
    Checkpoints checkpoints(db, dir.path());
    CHECK_FALSE(std::filesystem::exists(all / ".monday.unfinished"));
    for (const char* const name : {"monday", "tuesday.unfinished", ".kept"}) {
        INFO(name);
        CHECK(std::filesystem::exists(all / name / "000007.sst"));
    }
}

TEST_CASE_METHOD(StoreFixture, "store: no name leads out of the checkpoints, or hides in them") {
    greet();
    for (const Bytes name : {Bytes(""), Bytes("."), Bytes(".."), Bytes("../x"), Bytes("/tmp/x"),
                             Bytes("a/b"), Bytes(".a"), Bytes("-a"), Bytes("a b"), Bytes("a\n"),
                             Bytes("a\0b", 3), Bytes("\xC3\xA4")}) {
        INFO(name);
        CHECK(checkpoint(name).is(WireStatus::kInvalidArgument));
    }
    const std::string longest(protocol::kMaxCheckpointNameBytes, 'n');
    CHECK(checkpoint(longest).ok());
    CHECK(checkpoint(longest + 'n').is(WireStatus::kInvalidArgument));
    CHECK(std::distance(std::filesystem::directory_iterator(in_data_dir("checkpoints")), {}) == 1);
}

}  // namespace kv::server
