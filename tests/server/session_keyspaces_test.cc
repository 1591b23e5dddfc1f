// server/session_hello.cc and session_keyspaces.cc: choosing, listing, making and dropping
// keyspaces.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/extensions.h"
#include "server/server.h"
#include "server/session_fixture.h"

namespace kv::server {

namespace {

std::string keyspaces(uint64_t id, Bytes prefix = "") {
    return frame(Opcode::kKeyspaces, id, protocol::KeyspacesRequest{prefix});
}
std::string create(uint64_t id, Bytes name) {
    return frame(Opcode::kKeyspaceCreate, id, protocol::KeyspaceNameRequest{name});
}
std::string drop(uint64_t id, Bytes name) {
    return frame(Opcode::kKeyspaceDrop, id, protocol::KeyspaceNameRequest{name});
}

class KeyspaceFixture : public SessionFixture {
  public:
    /// Sends something that is done in the pool: its answer.
    Answer ask(const std::string& request) {
        CHECK(send(request).empty());
        finish_task();
        return answers().at(0);
    }
    std::string names() {
        const Answer answer = ask(keyspaces(900));
        std::string text;
        for (const auto& entry : answer.as<protocol::KeyspacesResponse>().entries)
            text += (text.empty() ? "" : " ") + std::string(entry.name);
        return text;
    }
};

}  // namespace

TEST_CASE_METHOD(KeyspaceFixture, "hello: without a keyspace it is the default one") {
    const auto hello_answer = send(hello()).at(0).as<protocol::HelloResponse>();
    CHECK(hello_answer.server_features ==
          (protocol::feature::kKeyspaces | protocol::feature::kRangeDelete));
    CHECK(hello_answer.agreed_features == 0);
    CHECK(hello_answer.max_key_bytes == config.engine.max_key_bytes);
}

TEST_CASE_METHOD(KeyspaceFixture, "hello: a keyspace is agreed on, and its keys are shorter") {
    const auto answer = send(hello_in(1, "7")).at(0).as<protocol::HelloResponse>();
    CHECK(answer.agreed_features ==
          (protocol::feature::kKeyspaces | protocol::feature::kRangeDelete));
    CHECK(answer.max_key_bytes == config.engine.max_key_bytes - Keyspace::kMaxPrefixBytes);
}

TEST_CASE_METHOD(KeyspaceFixture, "hello: the default keyspace has the name 0") {
    const auto answer = send(hello_in(1, "0")).at(0).as<protocol::HelloResponse>();
    CHECK(answer.max_key_bytes == config.engine.max_key_bytes);
}

TEST_CASE_METHOD(KeyspaceFixture, "hello: an unknown keyspace is refused, and may then be made") {
    const Answer unknown = send(hello_in(1, "orders")).at(0);
    CHECK(unknown.is(WireStatus::kUnknownKeyspace));
    CHECK(unknown.error() == "there is no keyspace \"orders\"");
    CHECK(session().end() == Session::End::kOpen);
    CHECK(session().wants_input());
    CHECK(send(hello_in(2, "orders", true)).empty());
    CHECK_FALSE(session().wants_input());  // until it is there
    finish_task();
    CHECK(answers().at(0).ok());
    CHECK(session().hello_done());
    CHECK(shared().keyspaces.find("orders") != nullptr);
    CHECK(send(ping(3)).at(0).ok());
}

TEST_CASE_METHOD(KeyspaceFixture, "hello: an existing keyspace needs no task, wanted or not") {
    REQUIRE(shared().keyspaces.create("orders").is_ok());
    CHECK(send(hello_in(1, "orders", true)).at(0).ok());
    CHECK(posted.empty());
}

TEST_CASE_METHOD(KeyspaceFixture, "hello: a name that is none is refused") {
    CHECK(send(hello_in(1, "a b", true)).at(0).is(WireStatus::kInvalidArgument));
    CHECK(send(hello_in(2, "", true)).at(0).is(WireStatus::kInvalidArgument));
    CHECK(posted.empty());
    CHECK(send(hello(3)).at(0).ok());
}

TEST_CASE_METHOD(KeyspaceFixture, "hello: a broken keyspace extension ends the connection") {
    const std::string value("\x01\xFF\xFF\xFF\xFFx", 6);
    const Answer answer = send(hello_with(1, protocol::extension_tag::kKeyspace, value)).at(0);
    CHECK(answer.is(WireStatus::kBadFrame));
    CHECK(session().end() == Session::End::kAfterReplies);
}

TEST_CASE_METHOD(KeyspaceFixture,
                 "hello: another critical extension is refused, a mild one is not") {
    CHECK(send(hello_with(1, 0x8003, "x")).at(0).is(WireStatus::kUnsupported));
    CHECK_FALSE(session().hello_done());
    CHECK(send(hello_with(2, 3, "x")).at(0).ok());
}

TEST_CASE_METHOD(KeyspaceFixture, "hello: the keyspace extension on any other request is refused") {
    greet();
    Header header = protocol::request_header(Opcode::kPing, 2);
    header.flags |= protocol::flag::kExt;
    std::string bytes;
    const size_t start = protocol::begin_frame(bytes, header);
    protocol::append_extensions(bytes, {{protocol::extension_tag::kKeyspace, "x"}});
    protocol::encode(protocol::PingMessage{}, bytes);
    protocol::finish_frame(bytes, start);
    CHECK(send(bytes).at(0).is(WireStatus::kUnsupported));
}

TEST_CASE_METHOD(KeyspaceFixture,
                 "hello: a keyspace that cannot be made is refused with the reason") {
    SECTION("the pool is full") {
        pool_full = true;
        CHECK(send(hello_in(1, "orders", true)).at(0).is(WireStatus::kOverloaded));
    }
    SECTION("the store takes no writes") {
        session();
        db.fail_writes_with({Code::kReadOnly, "the disk is broken"});
        const Answer answer = ask(hello_in(1, "orders", true));
        CHECK(answer.is(WireStatus::kReadOnly));
        CHECK(answer.error().find("the disk is broken") != std::string::npos);
        db.fail_writes_with(Status::ok());
        CHECK(shared().keyspaces.find("orders") == nullptr);
    }
    CHECK_FALSE(session().hello_done());
    CHECK(send(hello(2)).at(0).ok());
}

TEST_CASE_METHOD(KeyspaceFixture, "hello: the time limit holds while a keyspace is being made") {
    send(hello_in(1, "orders", true));
    tick(config.limits.hello_timeout_ms + 1000);
    CHECK(answers().at(0).is(WireStatus::kHelloTimeout));
    finish_task();
    CHECK(answers().empty());
    CHECK_FALSE(session().hello_done());
    CHECK(session().in_flight() == 0);
}

TEST_CASE_METHOD(KeyspaceFixture,
                 "hello: a connection that closes meanwhile leaves nothing behind") {
    send(hello_in(1, "orders", true));
    session().close();
    CHECK(session().in_flight() == 1);
    finish_task();
    CHECK(session().in_flight() == 0);
    CHECK(shared().keyspaces.find("orders") == nullptr);  // had not begun
}

TEST_CASE_METHOD(KeyspaceFixture, "keyspaces: are made, listed and dropped from any connection") {
    greet();
    CHECK(names() == "0");
    CHECK_FALSE(ask(create(2, "orders")).as<protocol::AckResponse>().found);
    CHECK(ask(create(3, "orders")).as<protocol::AckResponse>().found);
    CHECK_FALSE(ask(create(4, "users")).as<protocol::AckResponse>().found);
    CHECK(names() == "0 orders users");
    const Answer one = ask(keyspaces(5, "us"));
    REQUIRE(one.as<protocol::KeyspacesResponse>().entries.size() == 1);
    CHECK(one.as<protocol::KeyspacesResponse>().entries[0].id == 17);
    CHECK(ask(drop(6, "orders")).as<protocol::AckResponse>().found);
    CHECK_FALSE(ask(drop(7, "orders")).as<protocol::AckResponse>().found);
    CHECK(names() == "0 users");
    CHECK(ask(create(8, "")).is(WireStatus::kInvalidArgument));
    CHECK(ask(drop(9, "0")).is(WireStatus::kInvalidArgument));
    CHECK_FALSE(ask(create(10, "orders")).as<protocol::AckResponse>().found);
    CHECK(shared().keyspaces.find("orders")->space().id() == 18);
}

TEST_CASE_METHOD(KeyspaceFixture, "keyspaces: a dropped one answers nothing about keys any more") {
    greet_in("orders");
    send(put(2, "a", "1"));
    finish_all();
    answers();
    CHECK(ask(drop(3, "orders")).ok());
    CHECK(send(get(4, "a")).at(0).is(WireStatus::kUnknownKeyspace));
    CHECK(send(put(5, "a", "1")).at(0).is(WireStatus::kUnknownKeyspace));
    CHECK(send(frame(Opcode::kScan, 6, protocol::ScanRequest{}))
              .at(0)
              .is(WireStatus::kUnknownKeyspace));
    CHECK(send(frame(Opcode::kCount, 7, protocol::CountRequest{}))
              .at(0)
              .is(WireStatus::kUnknownKeyspace));
    CHECK(send(ping(8)).at(0).ok());
    CHECK(names() == "0");
    CHECK_FALSE(ask(create(9, "orders")).as<protocol::AckResponse>().found);
    CHECK(send(get(10, "a")).at(0).is(WireStatus::kUnknownKeyspace));  // not the new one
}

TEST_CASE_METHOD(KeyspaceFixture, "keyspaces: the list tells what was done in each") {
    greet_in("orders");
    send(put(2, "a", "1"));
    send(increment(3, "n"));
    send(frame(Opcode::kDelete, 4, protocol::DeleteRequest{"x"}));
    using Kind = protocol::BatchOp::Kind;
    send(frame(Opcode::kBatch, 5,
               protocol::BatchRequest{{},
                                      {{Kind::kPut, "b", "1", 0, 0},
                                       {Kind::kDelete, "x", "", 0, 0},
                                       {Kind::kIncrement, "n", "", 0, 1}}}));
    finish_all();
    answers();
    send(get(6, "a"));
    send(get(7, "missing"));
    send(frame(Opcode::kMultiGet, 8, protocol::MultiGetRequest{0, {"a", "b", "missing"}}));
    send(frame(Opcode::kScan, 9, protocol::ScanRequest{}));
    finish_all();
    answers();
    const Answer answer = ask(keyspaces(10, "orders"));
    const auto entries = answer.as<protocol::KeyspacesResponse>().entries;
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].approximate_keys == 3);
    CHECK(entries[0].reads == 8);
    CHECK(entries[0].hits == 6);
    CHECK(entries[0].writes == 4);
    CHECK(entries[0].deletes == 2);
}

TEST_CASE_METHOD(KeyspaceFixture, "keyspaces: only what was written counts as a write") {
    using Kind = protocol::BatchOp::Kind;
    greet_in("orders");
    const auto counts = [this] {
        const auto stats = shared().keyspaces.list("orders").at(0);
        return std::pair(stats.writes, stats.deletes);
    };
    const std::string mutations =
        put(2, "a", "1") + increment(3, "n") +
        frame(Opcode::kDelete, 4, protocol::DeleteRequest{"x"}) +
        frame(Opcode::kBatch, 5,
              protocol::BatchRequest{
                  {}, {{Kind::kPut, "b", "1", 0, 0}, {Kind::kDelete, "x", "", 0, 0}}});
    db.fail_writes_with({Code::kReadOnly, "the disk is broken"});
    send(mutations);
    finish_all();
    CHECK(answers().size() == 4);
    CHECK(counts() == std::pair<uint64_t, uint64_t>(0, 0));
    db.fail_writes_with(Status::ok());
    protocol::BatchRequest beaten{{{protocol::BatchPrecondition::Kind::kPresent, "none", "", 0}},
                                  {{Kind::kPut, "b", "1", 0, 0}}};
    send(frame(Opcode::kBatch, 6, beaten));
    finish_all();
    CHECK(answers().at(0).is(WireStatus::kConflict));
    CHECK(counts() == std::pair<uint64_t, uint64_t>(0, 0));
    send(mutations);
    CHECK(counts() == std::pair<uint64_t, uint64_t>(0, 0));
    SECTION("and is told") {
        finish_all();
        CHECK(answers().size() == 4);
    }
    SECTION("or nobody is there any more to be told") {
        session().close();
        finish_all();
    }
    CHECK(counts() == std::pair<uint64_t, uint64_t>(3, 2));
}

TEST_CASE("server: does not start over a keyspace catalog that it cannot read") {
    FakeDb db;
    db.set("\xFF\x02", "kvd keyspaces\nxxxx");
    config::Config config;
    config.listen = "127.0.0.1:0";
    config.resp_listen = "off";
    const auto started = Server::start(config, db);
    REQUIRE_FALSE(started.is_ok());
    CHECK(started.status().is(Code::kUnsupported));
}

}  // namespace kv::server
