// What callers are told when the server is slow, gone, leaving, or not a kvd at all.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "client/fixture.h"

namespace kv::client_test {

TEST_CASE("client: a read without an answer ends with deadline, and the late answer harms nobody") {
    Fixture f;
    auto slow = f.get("slow", 30);
    const Received late = f.peer->read();
    CHECK(late.header.deadline_ms > 0);
    CHECK(late.header.deadline_ms <= 30);
    CHECK(slow.get().error().is(Code::kDeadline));
    const Received cancel = f.peer->read();
    CHECK(cancel.header.opcode == Opcode::kCancel);
    CHECK(cancel.as<protocol::CancelRequest>().target_request_id == late.header.request_id);
    f.peer->answer(late, Fixture::found("late"));
    auto next = f.get("next");
    f.peer->answer(f.peer->read(), Fixture::found("on time"));
    CHECK((*next.get())->value == "on time");
}

TEST_CASE("client: a write without an answer is in doubt once it was sent") {
    Fixture f;
    auto slow = f.put("k", "v", 30);
    (void)f.peer->read();
    CHECK(slow.get().error().is(Code::kInDoubt));
}

TEST_CASE("client: a write that still waited for its turn is surely not applied") {
    protocol::HelloResponse hello = Peer::default_hello();
    hello.max_outstanding = 1;
    Fixture f(patient(), hello);
    auto first = f.get("1");
    const Received one = f.peer->read();
    auto waiting = f.put("k", "v", 30);
    CHECK(waiting.get().error().is(Code::kDeadline));
    f.peer->answer(one, Fixture::found("x"));
    CHECK(first.get().is_ok());
    CHECK(f.peer->silent_for(50));
}

TEST_CASE("client: a lost connection ends what is outstanding, and the next call reconnects") {
    Fixture f;
    auto write = f.put("k", "v");
    (void)f.peer->read();
    auto read = f.get("k");
    (void)f.peer->read();
    f.peer->close();
    CHECK(write.get().error().is(Code::kInDoubt));
    CHECK(read.get().error().is(Code::kUnavailable));
    auto next = f.get("again");
    Peer second = f.server.accept();
    second.answer(second.read(), Fixture::found("back"));
    CHECK((*next.get())->value == "back");
}

TEST_CASE("client: a connection cut inside a frame counts as lost") {
    Fixture f;
    auto call = f.put("k", "v");
    const Received request = f.peer->read();
    std::string frame;
    protocol::append_frame(
        frame, protocol::response_header(request.header.opcode, request.header.request_id),
        Fixture::written(1));
    f.peer->send(Bytes(frame).substr(0, frame.size() - 3));
    f.peer->close();
    CHECK(call.get().error().is(Code::kInDoubt));
}

TEST_CASE("client: bytes that are no frame end the connection") {
    Fixture f;
    auto call = f.get("k");
    (void)f.peer->read();
    f.peer->send(std::string(64, 'X'));
    CHECK(call.get().error().is(Code::kUnavailable));
    f.peer->wait_closed();
}

TEST_CASE("client: an answer that breaks the message format is an error of that call alone") {
    Fixture f;
    auto call = f.get("k");
    f.peer->answer(f.peer->read(), protocol::CountResponse{1, true});
    CHECK_FALSE(call.get().is_ok());
    auto next = f.get("k");
    f.peer->answer(f.peer->read(), Fixture::found("fine"));
    CHECK(next.get().is_ok());
}

TEST_CASE("client: goaway lets accepted calls finish, refuses later ones, moves on") {
    Fixture f;
    auto accepted = f.put("a", "1");
    const Received first = f.peer->read();
    auto refused = f.put("b", "2");
    (void)f.peer->read();
    f.peer->go_away(first.header.request_id);
    CHECK(refused.get().error().is(Code::kUnavailable));
    auto moved = f.get("c");
    Peer second = f.server.accept();
    second.answer(second.read(), Fixture::found("new home"));
    CHECK((*moved.get())->value == "new home");
    f.peer->answer(first, Fixture::written(1));
    CHECK(accepted.get().is_ok());
    f.peer->wait_closed();
}

TEST_CASE("client: a goaway right behind the answer to HELLO holds before the first call") {
    FakeServer server;
    ClientOptions options = patient();
    options.address = server.address();
    auto connecting = in_background([&] { return Client::connect(options); });
    Peer leaving = server.accept_raw();
    const Received hello = leaving.read();
    std::string frames;
    protocol::append_frame(frames,
                           protocol::response_header(hello.header.opcode, hello.header.request_id),
                           Peer::default_hello());
    protocol::GoawayPush push;
    push.message = "test";
    protocol::append_frame(frames, protocol::push_header(Opcode::kGoaway), push);
    leaving.send(frames);
    const auto client = connecting.get();
    REQUIRE(client.is_ok());
    auto write = in_background([&] { return (*client)->put("k", "v"); });
    Peer second = server.accept();
    second.answer(second.read(), Fixture::written(1));
    CHECK(write.get().is_ok());
    leaving.wait_closed();
}

TEST_CASE("client: a fatal status ends its call with the server's words and the connection") {
    Fixture f;
    auto call = f.put("k", "v");
    f.peer->refuse(f.peer->read(), protocol::WireStatus::kFrameTooLarge, "too much");
    const auto receipt = call.get();
    CHECK(receipt.error().is(Code::kInvalidArgument));
    CHECK(receipt.error().message() == "too much");
    f.peer->wait_closed();
}

TEST_CASE("client: a write whose answer follows a fatal one is what that answer says") {
    Fixture f;
    auto refused = f.put("big", "v");
    const Received fatal = f.peer->read();
    auto accepted = f.put("k", "v");
    const Received second = f.peer->read();
    f.peer->refuse(fatal, protocol::WireStatus::kBadChecksum, "damaged");
    CHECK(refused.get().error().message() == "damaged");
    auto moved = f.get("k");
    Peer again = f.server.accept();
    again.answer(again.read(), Fixture::found("v"));
    CHECK(moved.get().is_ok());
    f.peer->answer(second, Fixture::written(2));
    CHECK(accepted.get().is_ok());
    f.peer->wait_closed();
}

TEST_CASE("client: a server that falls silent after a fatal answer is not waited for") {
    Fixture f;
    auto refused = f.put("big", "v");
    const Received fatal = f.peer->read();
    auto accepted = f.put("k", "v");
    (void)f.peer->read();
    f.peer->refuse(fatal, protocol::WireStatus::kBadChecksum, "damaged");
    CHECK(refused.get().error().message() == "damaged");
    const auto receipt = accepted.get();
    CHECK(receipt.error().is(Code::kInDoubt));
    CHECK(receipt.error().message().find("damaged") != std::string_view::npos);
    f.peer->wait_closed();
}

TEST_CASE("client: cancel_all ends calls that wait, and tells the server to stop reads") {
    Fixture f;
    auto read = f.get("k");
    const Received get = f.peer->read();
    auto write = f.put("k", "v");
    (void)f.peer->read();
    f.client->cancel_all();
    CHECK(read.get().error().is(Code::kCancelled));
    const Received cancel = f.peer->read();
    CHECK(cancel.header.opcode == Opcode::kCancel);
    CHECK(cancel.as<protocol::CancelRequest>().target_request_id == get.header.request_id);
    CHECK(f.peer->silent_for(50));
    CHECK(write.get().error().is(Code::kInDoubt));
}

TEST_CASE("client: cancel_all ends calls on a connection that the server drains") {
    Fixture f;
    auto accepted = f.get("a");
    const Received first = f.peer->read();
    auto refused = f.get("b");
    (void)f.peer->read();
    f.peer->go_away(first.header.request_id);
    CHECK(refused.get().error().is(Code::kUnavailable));
    auto moved = f.get("c");
    Peer second = f.server.accept();
    (void)second.read();
    f.client->cancel_all();
    CHECK(accepted.get().error().is(Code::kCancelled));
    CHECK(moved.get().error().is(Code::kCancelled));
}

TEST_CASE("client: cancel_all ends a call that waits to be connected, and not the client") {
    Fixture f;
    auto refused = f.get("a");
    (void)f.peer->read();
    f.peer->go_away(0);
    CHECK(refused.get().error().is(Code::kUnavailable));
    auto waiting = f.put("k", "v");
    {
        const Peer silent = f.server.accept_raw();
        f.client->cancel_all();
        CHECK(waiting.get().error().is(Code::kCancelled));
    }
    auto later = f.get("k");
    Peer peer = f.server.accept();
    peer.answer(peer.read(), Fixture::found("v"));
    CHECK((*later.get())->value == "v");
}

TEST_CASE("client: connecting ends when it is asked to stop, before and meanwhile") {
    FakeServer server;
    ClientOptions options = patient();
    options.address = server.address();
    std::stop_source stop;
    auto connecting = in_background([&] { return Client::connect(options, stop.get_token()); });
    const Peer silent = server.accept_raw();
    stop.request_stop();
    CHECK(connecting.get().error().is(Code::kCancelled));
    CHECK(Client::connect(options, stop.get_token()).error().is(Code::kCancelled));
}

TEST_CASE("client: a host is found by its name") {
    FakeServer server;
    ClientOptions options = patient();
    options.address = "localhost" + server.address().substr(server.address().rfind(':'));
    auto connecting = in_background([&] { return Client::connect(options); });
    Peer peer = server.accept();
    CHECK(connecting.get().is_ok());
}

TEST_CASE("client: destruction ends asynchronous calls") {
    Fixture f;
    std::promise<Status> ended;
    client::Batch batch;
    batch.put("k", "v");
    f.client->submit_write(batch, {}, [&](auto result) { ended.set_value(result.error()); });
    (void)f.peer->read();
    f.client.reset();
    CHECK(ended.get_future().get().is(Code::kInDoubt));
}

TEST_CASE("client: connecting where nobody listens is unavailable") {
    ClientOptions options;
    {
        FakeServer gone;
        options.address = gone.address();
    }
    const auto connected = Client::connect(options);
    REQUIRE_FALSE(connected.is_ok());
    CHECK(connected.error().is(Code::kUnavailable));
}

TEST_CASE("client: a server that does not answer HELLO runs into the connect timeout") {
    FakeServer server;
    ClientOptions options;
    options.address = server.address();
    options.connect_timeout_ms = 30;
    const auto connected = Client::connect(options);
    REQUIRE_FALSE(connected.is_ok());
    CHECK(connected.error().is(Code::kDeadline));
}

TEST_CASE("client: a peer that speaks something else is named as such") {
    FakeServer server;
    ClientOptions options;
    options.address = server.address();
    auto connecting = in_background([&] { return Client::connect(options); });
    Peer peer = server.accept_raw();
    peer.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    const auto connected = connecting.get();
    REQUIRE_FALSE(connected.is_ok());
    CHECK(connected.error().is(Code::kUnsupported));
}

TEST_CASE("client: HELLO refused gives the server's reason") {
    FakeServer server;
    ClientOptions options;
    options.address = server.address();
    auto connecting = in_background([&] { return Client::connect(options); });
    Peer peer = server.accept_raw();
    peer.refuse(peer.read(), protocol::WireStatus::kBadVersion, "server speaks 2 to 3");
    const auto connected = connecting.get();
    REQUIRE_FALSE(connected.is_ok());
    CHECK(connected.error().is(Code::kUnsupported));
    CHECK(connected.error().message().find("2 to 3") != std::string_view::npos);
}

}  // namespace kv::client_test
