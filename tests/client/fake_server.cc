// The scripted server.
// SPDX-License-Identifier: Apache-2.0
#include "client/fake_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <stdexcept>

#include "client/patience.h"

namespace kv::client_test {

namespace {

constexpr uint64_t kBoundUs = std::chrono::microseconds(test::kPatience).count();

void expect(bool condition, const char* what) {
    if (!condition) throw std::runtime_error(what);
}

}  // namespace

Peer::Peer(client::Socket socket)
    : socket_(std::move(socket)),
      parser_(protocol::FrameParser::Side::kServer, {protocol::kDefaultFrameBytes, 1, false}) {}

bool Peer::read_more(uint64_t deadline_us, size_t needed_bytes) {
    const auto ready = socket_.wait(POLLIN, deadline_us);
    expect(ready.is_ok(), "poll failed");
    if (!*ready) return false;
    const auto room = received_.writable(needed_bytes);
    const auto got = socket_.receive_some(room.data(), room.size());
    expect(got.is_ok(), "the client closed the connection");
    received_.commit(*got);
    return true;
}

Received Peer::read() {
    const uint64_t deadline_us = client::now_us() + kBoundUs;
    while (true) {
        const auto step = parser_.next(received_.unread());
        expect(step.outcome != protocol::FrameParser::Outcome::kError, "the client sent no frame");
        if (step.outcome == protocol::FrameParser::Outcome::kFrame) {
            Received request{step.frame.header, std::string(step.frame.body),
                             std::string(step.frame.extensions)};
            received_.consume(step.consumed);
            return request;
        }
        expect(read_more(deadline_us, step.needed_bytes), "no request within two minutes");
    }
}

bool Peer::silent_for(uint64_t ms) {
    if (!received_.unread().empty()) return false;
    const auto ready = socket_.wait(POLLIN, client::now_us() + ms * 1000);
    expect(ready.is_ok(), "poll failed");
    return !*ready;
}

void Peer::wait_closed() {
    const uint64_t deadline_us = client::now_us() + kBoundUs;
    while (true) {
        const auto ready = socket_.wait(POLLIN, deadline_us);
        expect(ready.is_ok() && *ready, "the client did not close the connection");
        const auto room = received_.writable();
        const auto got = socket_.receive_some(room.data(), room.size());
        if (!got.is_ok()) return;
        received_.commit(*got);
    }
}

void Peer::refuse(const Received& request, protocol::WireStatus status, Bytes message,
                  uint64_t detail) {
    std::string frame;
    protocol::append_error(frame, request.header.opcode, request.header.request_id, status, message,
                           detail);
    send(frame);
}

void Peer::go_away(uint64_t last_accepted_id) {
    protocol::GoawayPush push;
    push.last_accepted_id = last_accepted_id;
    push.message = "test";
    std::string frame;
    protocol::append_frame(frame, protocol::push_header(protocol::Opcode::kGoaway), push);
    send(frame);
}

void Peer::send(Bytes bytes) {
    const uint64_t deadline_us = client::now_us() + kBoundUs;
    while (!bytes.empty()) {
        const auto sent = socket_.send_some(bytes);
        expect(sent.is_ok(), "sending to the client failed");
        bytes.remove_prefix(*sent);
        if (*sent > 0) continue;
        const auto ready = socket_.wait(POLLOUT, deadline_us);
        expect(ready.is_ok() && *ready, "the client takes no bytes");
    }
}

protocol::HelloResponse Peer::default_hello() {
    protocol::HelloResponse hello;
    hello.server_version = "fake";
    return hello;
}

void Peer::welcome(const protocol::HelloResponse& hello) {
    const Received request = read();
    expect(request.header.opcode == protocol::Opcode::kHello, "the first request is not HELLO");
    answer(request, hello);
}

FakeServer::FakeServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    expect(::bind(listener_.fd(), generic, size) == 0, "bind failed");
    expect(::listen(listener_.fd(), 16) == 0, "listen failed");
    expect(::getsockname(listener_.fd(), generic, &size) == 0, "getsockname failed");
    port_ = ntohs(address.sin_port);
}

Peer FakeServer::accept_raw() {
    const auto ready = listener_.wait(POLLIN, client::now_us() + kBoundUs);
    expect(ready.is_ok() && *ready, "no connection within two minutes");
    client::Socket socket(
        ::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    expect(socket.fd() >= 0, "accept failed");
    return Peer(std::move(socket));
}

Peer FakeServer::accept(const protocol::HelloResponse& hello) {
    Peer peer = accept_raw();
    peer.welcome(hello);
    return peer;
}

}  // namespace kv::client_test
