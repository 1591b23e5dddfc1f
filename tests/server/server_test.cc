// server/server.h over real loopback sockets: threads, pipelining, slow readers, limits, drain.
// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <future>
#include <thread>

#include "server/fake_db.h"
#include "server/network_thread.h"
#include "server/shared_state.h"
#include "server/socket_client.h"

namespace kv::server {

namespace {

/// Waits for another thread to get somewhere; fails the test after 20 s.
template <class Condition>
void wait_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        std::this_thread::yield();
    }
}

class ServerFixture {
  public:
    FakeDb db;
    config::Config config;

    ServerFixture() {
        config.listen = "127.0.0.1:0";
        config.resp_listen = "off";
        config.network_threads = 2;
    }
    Server& server() {
        if (server_ == nullptr) {
            auto started = Server::start(config, db);
            INFO(started.status().to_string());
            REQUIRE(started.is_ok());
            server_ = std::move(*started);
        }
        return *server_;
    }
    const std::string& address() { return server().native_address(); }
    uint64_t count(Counter counter) { return server().shared().total(counter); }

  private:
    std::unique_ptr<Server> server_;
};

}  // namespace

TEST_CASE_METHOD(ServerFixture, "server: serves reads and writes on a port it picked") {
    SocketClient client(address());
    client.greet();
    const Answer written = client.ask(put(2, "a", "1"));
    CHECK(written.as<protocol::WriteResponse>().first_seqno == 1);
    const Answer read = client.ask(get(3, "a"));
    CHECK(read.as<protocol::GetResponse>().value == "1");
}

TEST_CASE_METHOD(ServerFixture, "server: a client that goes away in a pause is noticed in it") {
    config.resp_listen = "127.0.0.1:0";
    const auto pause = [this] {
        ClientRegistry& clients = server().shared().clients;
        const uint64_t now = server().shared().clock.monotonic_us();
        clients.pause(Pause::kAll, now + 600'000'000, now);
    };
    SocketClient stays(server().resp_address());
    SocketClient goes(server().resp_address());
    wait_until([&] { return server().shared().clients.size() == 2; });
    pause();
    for (SocketClient* client : {&stays, &goes}) REQUIRE(client->send("SET a 1\r\n"));
    wait_until([&] { return count(Counter::kSocketReads) == 2; });
    goes.close();
    wait_until([&] { return server().shared().clients.size() == 1; });
    CHECK(count(Counter::kClosed) == 1);
    server().shared().clients.unpause();
    wait_until([&] { return !db.order().empty(); });
    CHECK(db.order() == std::vector<std::string>{"a"});
}

TEST_CASE_METHOD(ServerFixture, "server: a used address is refused with its name") {
    config::Config other = config;
    other.listen = address();
    auto second = Server::start(other, db);
    REQUIRE_FALSE(second.is_ok());
    CHECK(std::string(second.error().message()).find(other.listen) != std::string::npos);
}

TEST_CASE_METHOD(ServerFixture, "server: many clients pipeline writes and each keeps its order") {
    constexpr size_t kClients = 8;
    constexpr uint64_t kWrites = 500;
    std::vector<std::unique_ptr<SocketClient>> clients;
    for (size_t c = 0; c < kClients; ++c) {
        clients.push_back(std::make_unique<SocketClient>(address()));
        clients.back()->greet();
    }
    // All requests are on their way before the first answer is read.
    for (size_t c = 0; c < kClients; ++c) {
        std::string bytes;
        for (uint64_t i = 0; i < kWrites; ++i) {
            bytes += put(i + 2, "c" + std::to_string(c), std::to_string(i));
        }
        REQUIRE(clients[c]->send(bytes));
    }
    for (size_t c = 0; c < kClients; ++c) {
        uint64_t last_seqno = 0;
        for (uint64_t i = 0; i < kWrites; ++i) {
            const auto answer = clients[c]->receive();
            REQUIRE(answer);
            REQUIRE(answer->id() == i + 2);
            const uint64_t seqno = answer->as<protocol::WriteResponse>().last_seqno;
            REQUIRE(seqno > last_seqno);
            last_seqno = seqno;
        }
        const Answer read = clients[c]->ask(get(9999, "c" + std::to_string(c)));
        CHECK(read.as<protocol::GetResponse>().value == std::to_string(kWrites - 1));
    }
    CHECK(db.submits() < kClients * kWrites);
}

TEST_CASE_METHOD(ServerFixture, "server: cold reads, scans and counts come back from the pool") {
    for (int i = 0; i < 500; ++i) db.set("k" + std::to_string(i), std::string(1000, 'v'));
    db.cold = true;
    SocketClient client(address());
    client.greet();
    REQUIRE(client.send(get(2, "k1") + frame(Opcode::kScan, 3, protocol::ScanRequest{}) +
                        frame(Opcode::kCount, 4, protocol::CountRequest{true, 0, {}})));
    size_t entries = 0;
    bool scan_done = false, counted = false, got = false;
    while (!scan_done || !counted || !got) {
        const auto answer = client.receive();
        REQUIRE(answer);
        REQUIRE(answer->ok());
        if (answer->id() == 2) got = answer->as<protocol::GetResponse>().found;
        if (answer->id() == 4) counted = answer->as<protocol::CountResponse>().count == 500;
        if (answer->id() != 3) continue;
        entries += answer->as<protocol::ScanChunk>().entries.size();
        scan_done = !answer->more();
        REQUIRE(client.send(
            frame(Opcode::kScanCredit, 100 + entries,
                  protocol::ScanCreditRequest{3, static_cast<uint32_t>(answer->body.size())},
                  protocol::flag::kQuiet)));
    }
    CHECK(entries == 500);
}

TEST_CASE_METHOD(ServerFixture, "server: strangers and oversize frames get an answer and a close") {
    SECTION("HTTP") {
        SocketClient client(address());
        CHECK(client.ask("GET / HTTP/1.1\r\nHost: kvd\r\n\r\n").is(WireStatus::kBadFrame));
        CHECK_FALSE(client.receive());
    }
    SECTION("a frame that announces 4 GiB") {
        SocketClient client(address());
        client.greet();
        std::string bytes = ping(2);
        bytes.replace(0, 4, "\xFF\xFF\xFF\xFF");
        CHECK(client.ask(bytes).is(WireStatus::kFrameTooLarge));
        CHECK_FALSE(client.receive());
    }
    SECTION("half a frame and gone") {
        SocketClient client(address());
        client.greet();
        REQUIRE(client.send(Bytes(ping(2)).substr(0, 10)));
        client.close();
    }
    wait_until([&] { return server().shared().census.connections() == 0; });
    SocketClient next(address());
    next.greet();
}

TEST_CASE_METHOD(ServerFixture, "memory: a large frame is charged once, and no longer than held") {
    config.limits.network_memory_bytes = 12 << 20;
    SocketClient client(address());
    client.greet();
    const auto used = [&] { return server().shared().memory.used(); };
    const std::string value(7 << 20, 'v');
    for (uint64_t id = 2; id < 5; ++id) {
        const std::string request = put(id, "big", value);
        const uint64_t before = count(Counter::kBytesIn);
        REQUIRE(client.send(Bytes(request).substr(0, request.size() - 1)));
        wait_until([&] { return count(Counter::kBytesIn) == before + request.size() - 1; });
        wait_until([&] { return used() == static_cast<int64_t>(request.size()); });
        CHECK(client.ask(Bytes(request).substr(request.size() - 1)).ok());
        wait_until([&] { return used() == 0; });
    }
    CHECK(count(Counter::kLimitMemory) == 0);
}

TEST_CASE_METHOD(ServerFixture, "memory: requests that stop half-way do not keep it from others") {
    constexpr int64_t kLimit = 6 << 20;
    config.limits.network_memory_bytes = kLimit;
    config.limits.slow_reader_timeout_ms = 300;
    const std::string request = put(2, "big", std::string(3'500'000, 'v'));
    SocketClient one(address()), two(address()), other(address());
    other.greet();
    for (SocketClient* const client : {&one, &two}) {
        client->greet();
        (void)client->send(Bytes(request).substr(0, 3'400'000));  // may be too slow already
    }
    wait_until([&] { return count(Counter::kLimitSlowSender) >= 1; });
    wait_until([&] { return server().shared().memory.used() <= kLimit; });
    CHECK(other.ask(put(2, "a", "1")).ok());
}

TEST_CASE_METHOD(ServerFixture, "server: a half-closed client still gets its answers") {
    SocketClient client(address());
    client.greet();
    db.hold_answers = true;
    REQUIRE(client.send(put(2, "a", "1")));
    client.end_of_input();
    wait_until([&] { return db.held() == 1; });
    db.release();
    const auto answer = client.receive();
    REQUIRE(answer);
    CHECK(answer->ok());
    CHECK_FALSE(client.receive());
}

TEST_CASE_METHOD(ServerFixture, "server: a write before a bad frame still gets its answer") {
    SocketClient client(address());
    client.greet();
    db.hold_answers = true;
    REQUIRE(client.send(put(2, "a", "1")));
    wait_until([&] { return db.held() == 1; });
    CHECK(client.ask("GET / HTTP/1.1\r\nHost: kvd\r\nAccept: none\r\n\r\n")
              .is(WireStatus::kBadFrame));
    db.release();
    const auto answer = client.receive();
    REQUIRE(answer);
    CHECK(answer->id() == 2);
    CHECK(answer->ok());
    CHECK_FALSE(client.receive());
}

TEST_CASE_METHOD(ServerFixture, "server: an ending client that never reads is closed") {
    config.limits.slow_reader_timeout_ms = 300;
    db.set("big", std::string(1 << 20, 'x'));
    SocketClient slow(address(), 4096);
    slow.greet();
    std::string bytes;
    for (uint64_t id = 2; id < 20; ++id) bytes += get(id, "big");
    REQUIRE(slow.send(bytes));
    slow.end_of_input();
    wait_until([&] { return count(Counter::kLimitSlowReader) == 1; });
    wait_until([&] { return server().shared().census.connections() == 0; });
}

TEST_CASE_METHOD(ServerFixture,
                 "server: one client that does not read holds up nobody and is closed") {
    config.limits.unread_reply_bytes = 1 << 20;
    config.limits.slow_reader_timeout_ms = 300;
    db.set("big", std::string(1 << 20, 'x'));
    SocketClient slow(address(), 4096);
    slow.greet();
    std::string bytes;
    for (uint64_t id = 2; id < 100; ++id) bytes += get(id, "big");
    REQUIRE(slow.send(bytes));
    SocketClient other(address());
    other.greet();
    CHECK(other.ask(ping(2)).ok());
    wait_until([&] { return count(Counter::kLimitSlowReader) == 1; });
    wait_until([&] { return server().shared().census.connections() == 1; });
    CHECK(other.ask(ping(3)).ok());
}

TEST_CASE_METHOD(ServerFixture, "server: a slow but steady reader gets every byte") {
    config.limits.unread_reply_bytes = 1 << 20;
    db.set("big", std::string(300'000, 'x'));
    SocketClient client(address(), 4096);
    client.greet();
    std::string bytes;
    for (uint64_t id = 2; id < 52; ++id) bytes += get(id, "big");
    REQUIRE(client.send(bytes));
    for (uint64_t id = 2; id < 52; ++id) {
        const auto answer = client.receive();
        REQUIRE(answer);
        CHECK(answer->id() == id);
        CHECK(answer->as<protocol::GetResponse>().value.size() == 300'000);
    }
}

TEST_CASE_METHOD(ServerFixture, "server: over the connection limit clients are told and closed") {
    config.limits.connections = 2;
    SocketClient first(address()), second(address());
    first.greet();
    second.greet();
    SocketClient third(address());
    CHECK(third.ask(hello()).is(WireStatus::kTooManyConnections));
    CHECK_FALSE(third.receive());
    CHECK(count(Counter::kLimitConnections) == 1);
    first.close();
    wait_until([&] { return server().shared().census.connections() == 1; });
    SocketClient fourth(address());
    fourth.greet();
}

TEST_CASE_METHOD(ServerFixture, "server: connections spread over the threads") {
    std::vector<std::unique_ptr<SocketClient>> clients;
    for (int i = 0; i < 6; ++i) {
        clients.push_back(std::make_unique<SocketClient>(address()));
        clients.back()->greet();
    }
    CHECK(server().shared().counters[0].read(Counter::kAccepted) == 3);
    CHECK(server().shared().counters[1].read(Counter::kAccepted) == 3);
}

TEST_CASE_METHOD(ServerFixture,
                 "drain: outstanding writes are answered before the connection ends") {
    SocketClient client(address());
    client.greet();
    db.hold_answers = true;
    REQUIRE(client.send(put(2, "a", "1")));
    wait_until([&] { return db.held() == 1; });
    auto drained = std::async(std::launch::async, [&] { return server().drain(); });
    const auto goaway = client.receive();
    REQUIRE(goaway);
    CHECK(goaway->is_push());
    CHECK(goaway->as<protocol::GoawayPush>().last_accepted_id == 2);
    db.release();
    const auto answer = client.receive();
    REQUIRE(answer);
    CHECK(answer->ok());
    CHECK_FALSE(client.receive());
    client.close();
    CHECK(drained.get());
}

TEST_CASE_METHOD(ServerFixture, "drain: gives up after its time, and still waits for the engine") {
    config.limits.drain_timeout_ms = 1;
    SocketClient client(address());
    client.greet();
    db.hold_answers = true;
    REQUIRE(client.send(put(2, "a", "1")));
    wait_until([&] { return db.held() == 1; });
    auto drained = std::async(std::launch::async, [&] { return server().drain(); });
    while (client.receive()) {
    }
    db.release();
    CHECK_FALSE(drained.get());
}

TEST_CASE_METHOD(ServerFixture,
                 "server: clients that vanish with requests outstanding leave nothing") {
    db.cold = true;
    db.hold_answers = true;
    for (int i = 0; i < 20; ++i) {
        SocketClient client(address());
        client.greet();
        REQUIRE(client.send(put(2, "a", "1") + get(3, "a") + increment(4, "n") +
                            frame(Opcode::kScan, 5, protocol::ScanRequest{})));
    }
    wait_until([&] {
        db.release();
        return server().shared().census.connections() == 0;
    });
    db.hold_answers = false;
    db.release();
    CHECK(server().drain());
    CHECK(server().shared().memory.used() == 0);
}

}  // namespace kv::server
