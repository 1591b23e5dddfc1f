// FakeServer: the server's side of the protocol under the control of a test, over a real loopback
// socket. The test accepts, reads requests and answers them (or does worse) line by line, while the
// client under test runs on other threads. Every wait is bounded and fails the test.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/messages.h"
#include "protocol/receive_buffer.h"
#include "session/socket.h"

namespace kv::client_test {

/// A request as it arrived; owns its bytes.
struct Received {
    protocol::Header header;
    std::string body;
    std::string extensions{};

    template <class Message>
    Message as() const {
        Message message;
        const Status status = protocol::decode(body, message);
        if (!status.is_ok()) throw std::runtime_error(status.to_string());
        return message;
    }
};

class Peer {
  public:
    explicit Peer(client::Socket socket);

    /// The next request; throws when none comes within two minutes.
    Received read();
    /// True when the client sends nothing for `ms`.
    bool silent_for(uint64_t ms);
    /// Waits until the client closes the connection.
    void wait_closed();

    template <class Message>
    void answer(const Received& request, const Message& message, uint16_t flags = 0) {
        std::string frame;
        protocol::Header header =
            protocol::response_header(request.header.opcode, request.header.request_id);
        header.flags |= flags;
        protocol::append_frame(frame, header, message);
        send(frame);
    }
    void refuse(const Received& request, protocol::WireStatus status, Bytes message,
                uint64_t detail = 0);
    void go_away(uint64_t last_accepted_id);
    void send(Bytes bytes);
    void close() { socket_.close(); }

    /// Answers HELLO.
    void welcome(const protocol::HelloResponse& hello = default_hello());
    static protocol::HelloResponse default_hello();

  private:
    bool read_more(uint64_t deadline_us, size_t needed_bytes);

    client::Socket socket_;
    protocol::FrameParser parser_;
    protocol::ReceiveBuffer received_;
};

class FakeServer {
  public:
    FakeServer();
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    /// The next connection, HELLO not yet read.
    Peer accept_raw();
    /// The next connection, HELLO answered.
    Peer accept(const protocol::HelloResponse& hello = Peer::default_hello());

  private:
    client::Socket listener_;
    uint16_t port_ = 0;
};

}  // namespace kv::client_test
