// server/session.h: every limit, the ends of a session, draining.
// SPDX-License-Identifier: Apache-2.0
#include "server/session_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(SessionFixture,
                 "limits: reading stops at the outstanding limit and goes on below") {
    config.limits.outstanding_per_connection = 3;
    greet();
    std::string bytes;
    for (uint64_t id = 2; id < 10; ++id) bytes += put(id, "k" + std::to_string(id), "v");
    send(bytes);
    CHECK(submitted.size() == 3);
    CHECK_FALSE(session().wants_input());
    CHECK(count(Counter::kLimitOutstanding) == 1);
    finish_write();
    CHECK(submitted.size() == 3);  // one answered, the next one taken from the buffer
    finish_all();
    CHECK(answers().size() == 8);
    CHECK(db.order().size() == 8);
}

TEST_CASE_METHOD(SessionFixture, "limits: reading stops while replies are unread, then it closes") {
    config.limits.unread_reply_bytes = 64 << 10;
    config.limits.slow_reader_timeout_ms = 10'000;
    greet();
    db.set("big", std::string(60'000, 'x'));
    protocol::ReceiveBuffer input;
    const std::string bytes = get(2, "big") + get(3, "big") + get(4, "big") + get(5, "big");
    std::copy(bytes.begin(), bytes.end(), input.writable().data());
    input.commit(bytes.size());
    session().on_input(input, now());
    CHECK_FALSE(session().wants_input());
    CHECK(session().replies().bytes() < 130'000);
    CHECK(count(Counter::kLimitUnread) == 1);
    tick(9'000);
    CHECK(session().end() == Session::End::kOpen);
    SECTION("the client reads after all") {
        CHECK(answers().size() == 2);
        session().on_input(input, now());
        CHECK(answers().size() == 2);
        tick(5'000);
        CHECK(session().end() == Session::End::kOpen);
    }
    SECTION("the client never reads") {
        tick(2'000);
        CHECK(session().end() == Session::End::kNow);
        CHECK(count(Counter::kLimitSlowReader) == 1);
    }
}

TEST_CASE_METHOD(SessionFixture,
                 "limits: few unread replies are let be until memory is short or nothing follows") {
    config.limits.slow_reader_timeout_ms = 10'000;
    greet();
    protocol::ReceiveBuffer input;
    std::string bytes = ping(2);
    const auto arrive = [&] {
        std::copy(bytes.begin(), bytes.end(), input.writable().data());
        input.commit(bytes.size());
        session().on_input(input, now());
    };
    arrive();
    tick(11'000);
    CHECK(session().end() == Session::End::kOpen);
    SECTION("memory is short") {
        shared().memory.add(static_cast<int64_t>(config.limits.network_memory_bytes) + 1);
        SECTION("and it never reads") {
            tick(1);
            CHECK(session().end() == Session::End::kNow);
            CHECK(count(Counter::kLimitSlowReader) == 1);
        }
        SECTION("but it has just read some") {
            session().replies().consume(1);
            session().on_replies_sent(now());
            tick(9'000);
            CHECK(session().end() == Session::End::kOpen);
            tick(2'000);
            CHECK(session().end() == Session::End::kNow);
        }
    }
    SECTION("the connection ends with a bad frame") {
        bytes = "GET / HTTP/1.1\r\nHost: kvd\r\nAccept: none\r\n\r\n";
        arrive();
        CHECK(session().end() == Session::End::kAfterReplies);
        tick(1);
        CHECK(session().end() == Session::End::kNow);
    }
    SECTION("the client ended its side") {
        session().on_end_of_input(now());
        CHECK(session().end() == Session::End::kAfterReplies);
        tick(1);
        CHECK(session().end() == Session::End::kNow);
    }
}

TEST_CASE_METHOD(SessionFixture,
                 "limits: a request that does not get on is let be until memory is short") {
    config.limits.slow_reader_timeout_ms = 10'000;
    config.limits.unread_reply_bytes = 1 << 20;
    greet();
    const std::string request = put(2, "big", std::string(3 << 20, 'x'));
    const auto part = [&](size_t from, size_t size) { send(Bytes(request).substr(from, size)); };
    part(0, 1000);
    tick(11'000);
    CHECK(session().end() == Session::End::kOpen);
    shared().memory.add(static_cast<int64_t>(config.limits.network_memory_bytes) + 1);
    const auto is_closed = [&] {
        const bool closed = session().end() == Session::End::kNow;
        CHECK(count(Counter::kLimitSlowSender) == (closed ? 1 : 0));
        return closed;
    };
    SECTION("and nothing more comes") {
        tick(9'000);
        CHECK_FALSE(is_closed());
        tick(2'000);
        CHECK(is_closed());
    }
    SECTION("and a trickle comes") {
        part(1000, 100'000);
        tick(9'000);
        part(101'000, 100'000);
        tick(2'000);
        CHECK(is_closed());
    }
    SECTION("and there is room again meanwhile") {
        tick(9'000);
        shared().memory.add(-1);
        tick(1);
        shared().memory.add(1);
        tick(9'000);
        CHECK_FALSE(is_closed());
    }
    SECTION("and it gets on") {
        part(1000, 1 << 20);
        tick(9'000);
        part(1000 + (1 << 20), 1 << 20);
        tick(9'000);
        CHECK_FALSE(is_closed());
        tick(2'000);
        CHECK(is_closed());
    }
    SECTION("and it is finished, and the next one begins") {
        send(Bytes(request).substr(1000));
        tick(11'000);
        CHECK_FALSE(is_closed());
        part(0, 1000);
        tick(9'000);
        CHECK_FALSE(is_closed());
        tick(2'000);
        CHECK(is_closed());
    }
}

TEST_CASE_METHOD(SessionFixture, "limits: whoever is not read from does not send too slowly") {
    config.limits.slow_reader_timeout_ms = 10'000;
    config.limits.outstanding_per_connection = 1;
    greet();
    send(put(2, "a", "1") + put(3, "b", "2").substr(0, 40));
    CHECK_FALSE(session().wants_input());
    shared().memory.add(static_cast<int64_t>(config.limits.network_memory_bytes) + 1);
    tick(20'000);
    CHECK(session().end() == Session::End::kOpen);
    finish_write();
    CHECK(answers().size() == 1);
    tick(9'000);
    CHECK(session().end() == Session::End::kOpen);
    tick(2'000);
    CHECK(session().end() == Session::End::kNow);
}

TEST_CASE_METHOD(SessionFixture, "limits: a client that does not finish HELLO is told and closed") {
    session();
    tick(4'900);
    CHECK(session().end() == Session::End::kOpen);
    tick(200);
    const auto found = answers();
    CHECK(found.at(0).is(WireStatus::kHelloTimeout));
    CHECK(session().end() == Session::End::kAfterReplies);
    CHECK(count(Counter::kLimitHello) == 1);
}

TEST_CASE_METHOD(SessionFixture, "limits: idle connections get GOAWAY when the timeout is on") {
    config.limits.idle_timeout_ms = 5'000;
    greet();
    tick(4'000);
    send(ping(2));
    tick(4'000);
    CHECK(session().end() == Session::End::kOpen);
    tick(2'000);
    const auto found = answers();
    REQUIRE(found.at(0).is_push());
    CHECK(found.at(0).as<protocol::GoawayPush>().reason == protocol::GoawayReason::kIdle);
    CHECK(session().end() == Session::End::kAfterReplies);
}

TEST_CASE_METHOD(SessionFixture, "limits: a full network memory answers overloaded") {
    greet();
    shared().memory.add(static_cast<int64_t>(config.limits.network_memory_bytes) + 1);
    const auto found = send(put(2, "a", "1"));
    CHECK(found.at(0).is(WireStatus::kOverloaded));
    CHECK(submitted.empty());
    CHECK(count(Counter::kLimitMemory) == 1);
    session().on_no_memory(now());
    CHECK(answers().at(0).as<protocol::GoawayPush>().reason == protocol::GoawayReason::kOverload);
}

TEST_CASE_METHOD(SessionFixture, "limits: no room for a frame still answers what came before it") {
    greet();
    send(put(2, "a", "1"));
    session().on_no_memory(now());
    session().on_no_memory(now());
    const auto told = answers();
    REQUIRE(told.size() == 1);
    CHECK(told[0].as<protocol::GoawayPush>().last_accepted_id == 2);
    CHECK(session().end() == Session::End::kOpen);
    CHECK_FALSE(session().wants_input());
    finish_write();
    CHECK(answers().at(0).ok());
    CHECK(session().end() == Session::End::kAfterReplies);
}

TEST_CASE_METHOD(SessionFixture, "end: a scan does not go on behind a bad frame") {
    greet();
    for (int i = 0; i < 300; ++i) db.set("k" + std::to_string(i), std::string(1000, 'v'));
    send(frame(Opcode::kScan, 2, protocol::ScanRequest{}));
    CHECK(send("GET / HTTP/1.1\r\nHost: kvd\r\nAccept: none\r\n\r\n")
              .at(0)
              .is(WireStatus::kBadFrame));
    finish_task();
    CHECK(answers().size() == 1);
    CHECK(posted.empty());
    CHECK(session().in_flight() == 0);
}

TEST_CASE_METHOD(SessionFixture,
                 "limits: keys, values and batches above the announced are too_large") {
    config.engine.max_key_bytes = 10;
    config.engine.max_value_bytes = 100;
    config.engine.max_batch_bytes = 1024;
    greet();
    CHECK(send(put(2, std::string(11, 'k'), "v")).at(0).is(WireStatus::kTooLarge));
    CHECK(send(put(3, "k", std::string(101, 'v'))).at(0).is(WireStatus::kTooLarge));
    CHECK(send(put(4, "", "v")).at(0).is(WireStatus::kInvalidArgument));
    CHECK(send(increment(5, std::string(11, 'k'))).at(0).is(WireStatus::kTooLarge));
    protocol::BatchRequest batch;
    const std::string value(100, 'v');
    for (int i = 0; i < 11; ++i) {
        batch.ops.push_back({protocol::BatchOp::Kind::kPut, "k", value, 0, 0});
    }
    CHECK(send(frame(Opcode::kBatch, 6, batch)).at(0).is(WireStatus::kTooLarge));
    CHECK(submitted.empty());
    CHECK(send(put(7, std::string(10, 'k'), value)).empty());
    CHECK(submitted.size() == 1);
}

TEST_CASE_METHOD(SessionFixture, "limits: one mutation alone may be larger than a batch") {
    config.engine.max_value_bytes = 2000;
    config.engine.max_batch_bytes = 1024;
    greet();
    const std::string value(2000, 'v');
    protocol::BatchRequest batch;
    batch.ops.push_back({protocol::BatchOp::Kind::kPut, "b", value, 0, 0});
    CHECK(send(put(2, "a", value) + frame(Opcode::kBatch, 3, batch)).empty());
    CHECK(submitted.size() == 2);
    SECTION("not two") { batch.ops.push_back({protocol::BatchOp::Kind::kDelete, "a", "", 0, 0}); }
    SECTION("not one with a precondition") {
        batch.preconditions.push_back({protocol::BatchPrecondition::Kind::kAbsent, "b", "", 0});
    }
    CHECK(send(frame(Opcode::kBatch, 4, batch)).at(0).is(WireStatus::kTooLarge));
    CHECK(submitted.size() == 2);
}

TEST_CASE_METHOD(SessionFixture,
                 "drain: GOAWAY names the last id, old requests finish, new ones do not") {
    greet();
    send(put(2, "a", "1"));
    session().on_drain(now());
    const auto goaway = answers();
    REQUIRE(goaway.at(0).is_push());
    CHECK(goaway.at(0).as<protocol::GoawayPush>().last_accepted_id == 2);
    CHECK(goaway.at(0).as<protocol::GoawayPush>().reason == protocol::GoawayReason::kShutdown);
    CHECK(session().end() == Session::End::kOpen);
    CHECK(send(put(3, "b", "1")).at(0).is(WireStatus::kDraining));
    finish_write();
    CHECK(answers().at(0).ok());
    CHECK(session().end() == Session::End::kAfterReplies);
    CHECK(db.order() == std::vector<std::string>{"a"});
}

TEST_CASE_METHOD(SessionFixture, "drain: scans are ended with a status that says so") {
    greet();
    for (int i = 0; i < 300; ++i) db.set("k" + std::to_string(i), std::string(1000, 'v'));
    protocol::ScanRequest request;
    request.credit_bytes = 1;
    send(frame(Opcode::kScan, 2, request));
    finish_all();
    CHECK(answers().size() == 1);
    session().on_drain(now());
    const auto found = answers();
    REQUIRE(found.size() == 2);
    CHECK(found[1].is(WireStatus::kDraining));
    CHECK(session().end() == Session::End::kAfterReplies);
}

TEST_CASE_METHOD(SessionFixture, "end of input: what is outstanding is still answered") {
    greet();
    send(put(2, "a", "1"));
    session().on_end_of_input(now());
    CHECK(session().end() == Session::End::kOpen);
    finish_write();
    CHECK(answers().at(0).ok());
    CHECK(session().end() == Session::End::kAfterReplies);
}

TEST_CASE_METHOD(SessionFixture, "close: what the engine and the pool hold comes back to silence") {
    greet();
    db.cold = true;
    send(put(2, "a", "1") + get(3, "a") + increment(4, "n") + put(5, "b", "1"));
    send(frame(Opcode::kScan, 6, protocol::ScanRequest{}));
    CHECK(session().in_flight() > 0);
    session().close();
    finish_all();
    CHECK(session().in_flight() == 0);
    CHECK(answers().empty());
}

}  // namespace kv::server
