// server/session.h: HELLO, frames, order, fences, cancellation, malformed input.
// SPDX-License-Identifier: Apache-2.0
#include "server/session.h"

#include "config/check_config.h"
#include "server/session_fixture.h"

namespace kv::server {

using protocol::flag::kFence;
using protocol::flag::kQuiet;

TEST_CASE_METHOD(SessionFixture, "session: HELLO names the limits and is needed first") {
    SECTION("answered") {
        const auto answers = send(hello());
        REQUIRE(answers.size() == 1);
        const auto response = answers[0].as<protocol::HelloResponse>();
        CHECK(response.version == 1);
        CHECK(response.max_outstanding == 1024);
        CHECK(response.max_frame_bytes == protocol::kDefaultFrameBytes);
        CHECK(response.server_version == server_version());
        // A receive buffer that holds one grows to an eighth more.
        CHECK(response.max_frame_bytes / 8 * 9 <=
              config::least_network_memory_bytes(config.engine));
    }
    SECTION("a second one is an error of that request only") {
        greet();
        CHECK(send(hello(2)).at(0).is(WireStatus::kInvalidArgument));
        CHECK(send(ping(3)).at(0).ok());
    }
    SECTION("anything else first is fatal") {
        CHECK(send(ping(1)).at(0).is(WireStatus::kHelloRequired));
        CHECK(session().end() == Session::End::kAfterReplies);
    }
    SECTION("no version in common is fatal and names both ranges") {
        protocol::HelloRequest future;
        future.min_version = 2;
        future.max_version = 3;
        const auto answers = send(frame(Opcode::kHello, 1, future));
        CHECK(answers.at(0).is(WireStatus::kBadVersion));
        CHECK(answers.at(0).error().find("2 to 3") != std::string::npos);
    }
    SECTION("credentials are refused, as there is nothing to check them against") {
        protocol::HelloRequest known;
        known.user = "ann";
        CHECK(send(frame(Opcode::kHello, 1, known)).at(0).is(WireStatus::kAuthFailed));
    }
    SECTION("wanted limits lower the server's") {
        protocol::HelloRequest modest;
        modest.wanted_frame_bytes = 100'000;
        modest.wanted_outstanding = 7;
        const auto answers = send(frame(Opcode::kHello, 1, modest));
        const auto response = answers.at(0).as<protocol::HelloResponse>();
        CHECK(response.max_frame_bytes == 100'000);
        CHECK(response.max_outstanding == 7);
    }
}

TEST_CASE_METHOD(SessionFixture, "session: over the connection limit HELLO is told so") {
    refused = true;
    CHECK(send(hello()).at(0).is(WireStatus::kTooManyConnections));
    CHECK(session().end() == Session::End::kAfterReplies);
}

TEST_CASE_METHOD(SessionFixture, "session: frames above 4 KiB before HELLO are fatal") {
    const auto answers =
        send(frame(Opcode::kPing, 1, protocol::PingMessage{std::string(5000, 'x')}));
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].is(WireStatus::kFrameTooLarge));
    CHECK(session().end() == Session::End::kAfterReplies);
    CHECK_FALSE(session().wants_input());
}

TEST_CASE_METHOD(SessionFixture, "session: bytes that are no frame get one fatal answer") {
    const auto answers = send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].is(WireStatus::kBadFrame));
    CHECK(answers[0].id() == 0);
    CHECK(count(Counter::kBadFrames) == 1);
    CHECK(send(hello()).empty());
}

TEST_CASE_METHOD(SessionFixture, "session: a damaged checksum is fatal") {
    greet();
    std::string bytes = ping(5, protocol::flag::kChecked, "payload");
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    const auto answers = send(bytes);
    CHECK(answers.at(0).is(WireStatus::kBadChecksum));
    CHECK(answers.at(0).id() == 5);
}

TEST_CASE_METHOD(SessionFixture, "session: a malformed body is an error of that request only") {
    greet();
    std::string bytes;
    Header header = protocol::request_header(Opcode::kGet, 2);
    const size_t start = protocol::begin_frame(bytes, header);
    bytes += "abc";
    protocol::finish_frame(bytes, start);
    CHECK(send(bytes).at(0).is(WireStatus::kMalformed));
    CHECK(send(ping(3)).at(0).ok());
}

TEST_CASE_METHOD(SessionFixture, "session: unknown and reserved opcodes are told apart") {
    greet();
    CHECK(
        send(frame(Opcode{999}, 2, protocol::PingMessage{})).at(0).is(WireStatus::kUnknownOpcode));
    CHECK(send(frame(Opcode::kGoaway, 3, protocol::PingMessage{}))
              .at(0)
              .is(WireStatus::kUnknownOpcode));
    CHECK(
        send(frame(Opcode::kWatch, 4, protocol::PingMessage{})).at(0).is(WireStatus::kUnsupported));
    CHECK(send(ping(5)).at(0).ok());
}

TEST_CASE_METHOD(SessionFixture, "session: a range delete needs the feature agreed on in HELLO") {
    const bool agreed = GENERATE(false, true);
    protocol::HelloRequest message;
    if (agreed) message.features = protocol::feature::kRangeDelete;
    const Answer welcome = send(frame(Opcode::kHello, 1, message)).at(0);
    REQUIRE(welcome.ok());
    CHECK(welcome.as<protocol::HelloResponse>().agreed_features == message.features);
    db.set("a", "1");
    const std::vector<Answer> at_once =
        send(frame(Opcode::kDeleteRange, 2, protocol::DeleteRangeRequest{}));
    CHECK(at_once.empty() == agreed);
    if (agreed) {
        finish_all();
        CHECK(answers().at(0).as<protocol::WriteResponse>().last_seqno != 0);
    } else {
        CHECK(at_once.at(0).is(WireStatus::kUnsupported));
    }
    CHECK(db.get("a", {})->has_value() != agreed);
}

TEST_CASE_METHOD(SessionFixture, "session: frames may arrive a byte at a time") {
    greet();
    db.set("k", "v");
    const std::string bytes = get(2, "k") + ping(3);
    std::vector<Answer> all;
    for (const char byte : bytes) {
        for (Answer& answer : send(Bytes(&byte, 1))) all.push_back(std::move(answer));
    }
    REQUIRE(all.size() == 2);
    CHECK(all[0].as<protocol::GetResponse>().value == "v");
}

TEST_CASE_METHOD(SessionFixture, "session: writes of one event are submitted in arrival order") {
    greet();
    send(put(2, "a", "1") + put(3, "b", "2") + get(4, "zz") + put(5, "c", "3"));
    REQUIRE(submitted.size() == 3);
    finish_all();
    CHECK(db.order() == std::vector<std::string>{"a", "b", "c"});
    const auto found = answers();
    REQUIRE(found.size() == 3);
    CHECK(found[2].as<protocol::WriteResponse>().last_seqno == 3);
}

TEST_CASE_METHOD(SessionFixture,
                 "session: a write behind one that is being prepared waits for it") {
    greet();
    db.cold = true;
    send(increment(2, "n", 5) + put(3, "a", "1") + increment(4, "n", 2) + put(5, "b", "2"));
    CHECK(submitted.empty());
    REQUIRE(posted.size() == 1);
    finish_task();
    CHECK(submitted.size() == 2);  // the increment and the put behind it; the next one is prepared
    REQUIRE(posted.size() == 1);
    finish_task();
    finish_all();
    CHECK(db.order() == std::vector<std::string>{"n", "a", "n", "b"});
    const auto found = answers();
    REQUIRE(found.size() == 4);
    CHECK(found[0].as<protocol::WriteResponse>().counters == std::vector<int64_t>{5});
    CHECK(found[2].as<protocol::WriteResponse>().counters == std::vector<int64_t>{7});
}

TEST_CASE_METHOD(SessionFixture, "session: a full pool lets the engine prepare for itself") {
    greet();
    db.cold = true;
    pool_full = true;
    send(increment(2, "n") + put(3, "a", "1"));
    CHECK(submitted.size() == 2);
}

TEST_CASE_METHOD(SessionFixture,
                 "session: a fence waits for what came before, others wait for it") {
    greet();
    send(put(2, "a", "1") + ping(3, kFence) + ping(4));
    CHECK(answers().empty());
    finish_write();
    const auto found = answers();
    REQUIRE(found.size() == 3);
    CHECK(found[0].id() == 2);
    CHECK(found[1].id() == 3);
    CHECK(found[2].id() == 4);
}

TEST_CASE_METHOD(SessionFixture,
                 "session: PING with FENCE behind quiet writes tells of their end") {
    greet();
    send(put(2, "a", "1", kQuiet) + put(3, "b", "2", kQuiet) + ping(4, kFence));
    finish_write();
    CHECK(answers().empty());
    finish_write();
    const auto found = answers();
    REQUIRE(found.size() == 1);
    CHECK(found[0].id() == 4);
}

TEST_CASE_METHOD(SessionFixture, "session: a quiet write that fails is answered") {
    greet();
    db.fail_writes_with(Status::no_space("disk full"));
    send(put(2, "a", "1", kQuiet));
    finish_write();
    CHECK(answers().at(0).is(WireStatus::kNoSpace));
}

TEST_CASE_METHOD(SessionFixture, "session: an id that is still unanswered may not be used again") {
    greet();
    send(put(2, "a", "1"));
    CHECK(send(ping(2)).at(0).is(WireStatus::kDuplicateRequestId));
    CHECK(session().end() == Session::End::kAfterReplies);
}

TEST_CASE_METHOD(SessionFixture, "session: an id may be used again once it was answered") {
    greet();
    CHECK(send(ping(2)).size() == 1);
    CHECK(send(ping(2)).size() == 1);
}

TEST_CASE_METHOD(SessionFixture, "session: CANCEL drops what has not begun and says so") {
    greet();
    send(put(2, "a", "1") + get(3, "a", kFence));
    const auto cancelled = send(frame(Opcode::kCancel, 4, protocol::CancelRequest{3}));
    REQUIRE(cancelled.size() == 2);
    CHECK(cancelled[0].id() == 3);
    CHECK(cancelled[0].is(WireStatus::kCancelled));
    CHECK(cancelled[1].as<protocol::AckResponse>().found);
    // The write has begun: it is finished as if nothing had been said.
    CHECK(send(frame(Opcode::kCancel, 5, protocol::CancelRequest{2}))
              .at(0)
              .as<protocol::AckResponse>()
              .found);
    finish_write();
    CHECK(answers().at(0).ok());
    CHECK_FALSE(send(frame(Opcode::kCancel, 6, protocol::CancelRequest{2}))
                    .at(0)
                    .as<protocol::AckResponse>()
                    .found);
}

TEST_CASE_METHOD(SessionFixture, "session: CANCEL reaches a read that waits in the pool") {
    greet();
    db.cold = true;
    send(get(2, "a"));
    send(frame(Opcode::kCancel, 3, protocol::CancelRequest{2}, kQuiet));
    finish_task();
    CHECK(answers().at(0).is(WireStatus::kCancelled));
}

TEST_CASE_METHOD(SessionFixture, "session: the engine's verdicts keep code and detail") {
    greet();
    db.set("a", "old");
    protocol::BatchRequest batch;
    batch.preconditions.push_back({protocol::BatchPrecondition::Kind::kAbsent, "a", "", 0});
    batch.ops.push_back({protocol::BatchOp::Kind::kPut, "a", "new", 0, 0});
    send(frame(Opcode::kBatch, 2, batch));
    finish_write();
    const auto found = answers();
    CHECK(found.at(0).is(WireStatus::kConflict));
    CHECK(found.at(0).as<protocol::ErrorResponse>().detail == 1);

    db.fail_writes_with({Code::kInDoubt, "fdatasync failed"});
    send(put(3, "b", "1"));
    finish_write();
    const auto doubtful = answers();
    CHECK(doubtful.at(0).is(WireStatus::kInDoubt));
    CHECK(doubtful.at(0).header.has(protocol::flag::kInDoubt));
}

TEST_CASE_METHOD(SessionFixture,
                 "session: a write that needed what the disk does not give is surely not applied") {
    greet();
    db.fail_writes_with(Status::io_error("read 000012.sst: Input/output error (errno 5)"));
    SECTION("a write") {
        send(increment(2, "n"));
        finish_all();
    }
    SECTION("a change of keyspaces") {
        send(frame(Opcode::kKeyspaceCreate, 2, protocol::KeyspaceNameRequest{"new"}));
        finish_all();
    }
    const auto found = answers();
    CHECK(found.at(0).is(WireStatus::kReadFailed));
    CHECK(protocol::is_surely_not_applied(found[0].header.status));
    CHECK_FALSE(found[0].header.has(protocol::flag::kInDoubt));
    CHECK(found[0].error().find("000012.sst") != std::string::npos);
}

TEST_CASE_METHOD(SessionFixture, "session: CHECKED requests get CHECKED answers") {
    greet();
    db.set("large", std::string(100'000, 'x'));
    CHECK(send(ping(2, protocol::flag::kChecked)).at(0).header.has(protocol::flag::kChecked));
    const auto large = send(get(3, "large", protocol::flag::kChecked));
    CHECK(large.at(0).header.has(protocol::flag::kChecked));
    CHECK(large.at(0).as<protocol::GetResponse>().value.size() == 100'000);
}

}  // namespace kv::server
