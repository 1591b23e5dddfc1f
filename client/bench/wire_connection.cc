// Opening a connection of the load generator, and sending on it.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire_connection.h"

#include <poll.h>

#include "protocol/messages.h"

namespace kv::bench {

namespace {

constexpr uint64_t kConnectUs = 5'000'000;
constexpr uint64_t kHelloId = 1;

}  // namespace

Result<WireConnection> WireConnection::open(const std::string& address) {
    KV_ASSIGN_OR_RETURN(const client::Address parsed, client::parse_address(address));
    const uint64_t deadline_us = client::now_us() + kConnectUs;
    KV_ASSIGN_OR_RETURN(client::Socket socket, client::connect_socket(parsed, deadline_us));
    WireConnection connection(std::move(socket));
    KV_RETURN_IF_ERROR(connection.shake_hands(deadline_us));
    return connection;
}

Status WireConnection::shake_hands(uint64_t deadline_us) {
    protocol::HelloRequest hello;
    hello.client_name = "kvbench";
    protocol::append_frame(outgoing_, protocol::request_header(protocol::Opcode::kHello, kHelloId),
                           hello);
    KV_ASSIGN_OR_RETURN(const bool all, send());
    if (!all) return {Code::kUnavailable, "the server takes no HELLO"};
    bool answered = false;
    Status status;
    while (!answered) {
        KV_ASSIGN_OR_RETURN(const bool ready, socket_.wait(POLLIN, deadline_us));
        if (!ready) return {Code::kDeadline, "no answer to HELLO in time"};
        KV_RETURN_IF_ERROR(receive([&](const protocol::FrameView& frame) {
            answered = true;
            protocol::ErrorResponse error;
            protocol::HelloResponse welcome;
            if (frame.header.status != 0) {
                status = protocol::decode(frame.body, error);
                if (!status.is_ok()) return;
                status = protocol::from_wire(frame.header.status, error.message, error.detail);
                return;
            }
            status = protocol::decode(frame.body, welcome);
            if (!status.is_ok()) return;
            max_outstanding_ = welcome.max_outstanding;
            protocol::FrameLimits limits;
            limits.max_frame_bytes = welcome.max_frame_bytes;
            limits.version = welcome.version;
            parser_.set_limits(limits);
        }));
    }
    return status;
}

Result<bool> WireConnection::send() {
    while (sent_ < outgoing_.size()) {
        KV_ASSIGN_OR_RETURN(const size_t sent, socket_.send_some(Bytes(outgoing_).substr(sent_)));
        if (sent == 0) return false;
        sent_ += sent;
    }
    outgoing_.clear();
    sent_ = 0;
    return true;
}

}  // namespace kv::bench
