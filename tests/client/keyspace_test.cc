// Keyspaces as a client sees them: what HELLO carries, what it makes of the answer, and the calls
// that list, make and drop them.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "client/fixture.h"
#include "protocol/extensions.h"

namespace kv::client_test {

namespace {

ClientOptions in_keyspace(const FakeServer& server, bool create = false) {
    ClientOptions options;
    options.address = server.address();
    options.keyspace = "orders";
    options.create_keyspace = create;
    return options;
}

protocol::HelloResponse with_keyspaces() {
    protocol::HelloResponse hello = Peer::default_hello();
    hello.server_features = hello.agreed_features = protocol::feature::kKeyspaces;
    return hello;
}

/// The keyspace that a HELLO asks for.
std::optional<std::pair<std::string, bool>> wish_of(const Received& hello) {
    const auto [value, found] =
        protocol::find_extension(hello.extensions, protocol::extension_tag::kKeyspace);
    if (!found) return std::nullopt;
    protocol::KeyspaceWish wish;
    if (!protocol::decode(value, wish).is_ok()) return std::nullopt;
    return std::pair{std::string(wish.name), wish.create};
}

}  // namespace

TEST_CASE("client keyspace: HELLO carries it as a critical extension, and offers the feature") {
    FakeServer server;
    const bool create = GENERATE(false, true);
    auto connecting = in_background([&] { return Client::connect(in_keyspace(server, create)); });
    Peer peer = server.accept_raw();
    const Received hello = peer.read();
    CHECK(wish_of(hello) == std::pair{std::string("orders"), create});
    CHECK(protocol::refuse_critical_extensions(hello.extensions).is(Code::kUnsupported));
    CHECK((hello.as<protocol::HelloRequest>().features & protocol::feature::kKeyspaces) != 0);
    peer.answer(hello, with_keyspaces());
    CHECK(connecting.get().is_ok());
}

TEST_CASE("client keyspace: without one HELLO says nothing of keyspaces") {
    FakeServer server;
    ClientOptions options;
    options.address = server.address();
    auto connecting = in_background([&] { return Client::connect(options); });
    Peer peer = server.accept_raw();
    const Received hello = peer.read();
    CHECK_FALSE(hello.header.has(protocol::flag::kExt));
    CHECK((hello.as<protocol::HelloRequest>().features & protocol::feature::kKeyspaces) == 0);
    peer.answer(hello, Peer::default_hello());
    CHECK(connecting.get().is_ok());
}

TEST_CASE("client keyspace: a server that skipped the extension is not worked with") {
    FakeServer server;
    auto connecting = in_background([&] { return Client::connect(in_keyspace(server)); });
    Peer peer = server.accept();
    const auto client = connecting.get();
    REQUIRE_FALSE(client.is_ok());
    CHECK(client.status().is(Code::kUnsupported));
    CHECK(client.status().message().find("no keyspaces") != std::string_view::npos);
}

TEST_CASE("client keyspace: the server's refusal is the caller's error") {
    FakeServer server;
    auto connecting = in_background([&] { return Client::connect(in_keyspace(server)); });
    Peer peer = server.accept_raw();
    peer.refuse(peer.read(), protocol::WireStatus::kUnknownKeyspace, "there is no keyspace");
    const auto client = connecting.get();
    REQUIRE_FALSE(client.is_ok());
    CHECK(client.status().is(Code::kNotFound));
    CHECK(client.status().message().find("there is no keyspace") != std::string_view::npos);
}

TEST_CASE("client keyspace: a name that is too long does not leave the client") {
    FakeServer server;
    ClientOptions options = in_keyspace(server);
    options.keyspace = std::string(65, 'x');
    CHECK(Client::connect(options).status().is(Code::kInvalidArgument));
}

TEST_CASE("client keyspace: the next connection asks for it again") {
    FakeServer server;
    auto connecting = in_background([&] { return Client::connect(in_keyspace(server)); });
    std::optional<Peer> peer(server.accept(with_keyspaces()));
    const auto client = connecting.get();
    REQUIRE(client.is_ok());
    peer->go_away(0);
    peer->wait_closed();
    auto read = in_background([&] { return (*client)->get("k"); });
    Peer second = server.accept_raw();
    const Received hello = second.read();
    CHECK(wish_of(hello) == std::pair{std::string("orders"), false});
    second.answer(hello, with_keyspaces());
    second.answer(second.read(), Fixture::found("v"));
    CHECK(read.get().is_ok());
}

TEST_CASE("client keyspace: the list arrives whole") {
    Fixture f;
    auto call = in_background([&] { return f.client->keyspaces("or"); });
    const Received request = f.peer->read();
    CHECK(request.as<protocol::KeyspacesRequest>().prefix == "or");
    f.peer->answer(request, protocol::KeyspacesResponse{{{16, "orders", 1, 2, 3, 4, 5}}});
    const auto all = call.get();
    REQUIRE(all.is_ok());
    REQUIRE(all->size() == 1);
    const client::KeyspaceInfo& info = all->front();
    CHECK(info.name == "orders");
    CHECK(info.id == 16);
    CHECK(info.approximate_keys == 1);
    CHECK(info.reads == 2);
    CHECK(info.hits == 3);
    CHECK(info.writes == 4);
    CHECK(info.deletes == 5);
}

TEST_CASE("client keyspace: creating and dropping say whether there was anything to do") {
    Fixture f;
    const bool found = GENERATE(false, true);
    auto creating = in_background([&] { return f.client->create_keyspace("orders"); });
    const Received create = f.peer->read();
    CHECK(create.header.opcode == Opcode::kKeyspaceCreate);
    CHECK(create.as<protocol::KeyspaceNameRequest>().name == "orders");
    f.peer->answer(create, protocol::AckResponse{found});
    CHECK(creating.get().value() == !found);
    auto dropping = in_background([&] { return f.client->drop_keyspace("orders"); });
    const Received drop = f.peer->read();
    CHECK(drop.header.opcode == Opcode::kKeyspaceDrop);
    f.peer->answer(drop, protocol::AckResponse{found});
    CHECK(dropping.get().value() == found);
}

TEST_CASE("client keyspace: a drop without an answer is in doubt") {
    Fixture f;
    auto dropping = in_background([&] { return f.client->drop_keyspace("orders"); });
    (void)f.peer->read();
    f.peer->close();
    CHECK(dropping.get().status().is(Code::kInDoubt));
}

}  // namespace kv::client_test
