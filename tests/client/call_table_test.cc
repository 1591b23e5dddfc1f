// The call table alone: who is told what, and which frames may leave.
// SPDX-License-Identifier: Apache-2.0
#include "session/call_table.h"

#include <catch2/catch.hpp>

#include "protocol/messages.h"

namespace kv::client {

namespace {

using protocol::Opcode;

class NullSink final : public CallSink {
  public:
    void on_answer(const Status&, Bytes, bool) override {}
};

struct Table {
    CallTable calls{2};
    std::string out;

    Table() { calls.set_max_outstanding(2); }
    uint64_t add(Opcode opcode, uint64_t deadline_us = CallTable::kNever) {
        std::string frame;
        protocol::append_frame(frame, protocol::request_header(opcode, 0), protocol::PingMessage{});
        return calls.add(opcode, frame, deadline_us, std::make_shared<NullSink>());
    }
    bool send(uint64_t now_us = 0) { return calls.take_sendable(out, 1 << 20, now_us); }
};

}  // namespace

TEST_CASE("call table: frames leave in order, with rising ids, up to the limit") {
    Table t;
    CHECK(t.add(Opcode::kGet) == 2);
    CHECK(t.add(Opcode::kGet) == 3);
    CHECK(t.add(Opcode::kGet) == 4);
    t.send();
    const size_t frame_bytes = t.out.size() / 2;
    CHECK(protocol::decode_header(t.out.data()).request_id == 2);
    CHECK(protocol::decode_header(t.out.data() + frame_bytes).request_id == 3);
    CHECK(t.calls.outstanding() == 2);
    CHECK_FALSE(t.send());
    CHECK(t.calls.answered(3, false) != nullptr);
    CHECK(t.send());
}

TEST_CASE("call table: control frames pass a full table") {
    Table t;
    t.add(Opcode::kGet);
    t.add(Opcode::kGet);
    t.send();
    t.add(Opcode::kGet);
    std::string frame;
    protocol::append_frame(frame, protocol::request_header(Opcode::kCancel, 0),
                           protocol::CancelRequest{2});
    t.calls.add_control(frame);
    std::string out;
    CHECK(t.calls.take_sendable(out, 1 << 20, 0));
    CHECK(out.size() == frame.size());
}

TEST_CASE("call table: a lost connection tells sent writes from unsent ones") {
    Table t;
    t.add(Opcode::kPut);
    t.add(Opcode::kGet);
    t.send();
    t.add(Opcode::kPut);
    const auto lost = t.calls.lose(Status(Code::kUnavailable, "cut"));
    REQUIRE(lost.size() == 3);
    CHECK(lost[0].status.is(Code::kInDoubt));
    CHECK(lost[1].status.is(Code::kUnavailable));
    CHECK(lost[2].status.is(Code::kUnavailable));
    CHECK(t.calls.idle());
}

TEST_CASE("call table: only what is due expires, and a sent call keeps its place") {
    Table t;
    const uint64_t early = t.add(Opcode::kPut, 100);
    t.add(Opcode::kPut, 200);
    t.send();
    const uint64_t unsent = t.add(Opcode::kPut, 100);
    CHECK(t.calls.next_deadline_us() == 100);
    const auto expired = t.calls.expire(150);
    REQUIRE(expired.size() == 2);
    CHECK(expired[0].status.is(Code::kInDoubt));
    CHECK(expired[1].status.is(Code::kDeadline));
    CHECK(t.calls.next_deadline_us() == 200);
    CHECK(t.calls.outstanding() == 2);
    CHECK(t.calls.answered(early, false) == nullptr);
    CHECK(t.calls.outstanding() == 1);
    CHECK_FALSE(t.send());
    CHECK(t.calls.answered(unsent, false) == nullptr);
}

TEST_CASE("call table: a request says how much of its time is left when it leaves") {
    Table t;
    t.add(Opcode::kPut, 5'000'000);
    t.add(Opcode::kPut, 2'000'900);
    t.send(2'000'000);
    const size_t frame_bytes = t.out.size() / 2;
    CHECK(protocol::decode_header(t.out.data()).deadline_ms == 3000);
    CHECK(protocol::decode_header(t.out.data() + frame_bytes).deadline_ms == 1);  // 0: no limit
}

TEST_CASE("call table: a request whose time ran out in the queue never leaves") {
    Table t;
    t.add(Opcode::kPut, 100);
    CHECK_FALSE(t.send(100));
    CHECK(t.calls.outstanding() == 0);
    const auto expired = t.calls.expire(100);
    REQUIRE(expired.size() == 1);
    CHECK(expired[0].status.is(Code::kDeadline));
    CHECK(t.calls.idle());
}

TEST_CASE("call table: what goaway refuses is surely not applied") {
    Table t;
    const uint64_t accepted = t.add(Opcode::kPut);
    t.add(Opcode::kPut);
    t.send();
    t.add(Opcode::kPut);
    const auto refused = t.calls.refuse_after(accepted, Status(Code::kUnavailable, "draining"));
    REQUIRE(refused.size() == 2);
    CHECK(refused[0].status.is(Code::kUnavailable));
    CHECK(refused[1].status.is(Code::kUnavailable));
    CHECK(t.calls.outstanding() == 1);
    CHECK(t.calls.answered(accepted, false) != nullptr);
    CHECK(t.calls.idle());
}

TEST_CASE("call table: a stream keeps its sink until its last answer") {
    Table t;
    const uint64_t id = t.add(Opcode::kScan);
    t.send();
    CHECK(t.calls.answered(id, true) != nullptr);
    CHECK(t.calls.answered(id, true) != nullptr);
    CHECK(t.calls.answered(id, false) != nullptr);
    CHECK(t.calls.answered(id, false) == nullptr);
    CHECK(t.calls.idle());
}

TEST_CASE("call table: an answer to what nobody asked is ignored") {
    Table t;
    CHECK(t.calls.answered(99, false) == nullptr);
    const uint64_t queued = t.add(Opcode::kGet);
    CHECK(t.calls.answered(queued, false) == nullptr);
    CHECK(t.calls.outstanding() == 0);
}

}  // namespace kv::client
