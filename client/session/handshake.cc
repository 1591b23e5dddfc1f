// Opening a connection: TCP, then HELLO and its answer, all within one time limit.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>

#include "protocol/extensions.h"
#include "protocol/messages.h"
#include "session/connection.h"

namespace kv::client {

namespace {

constexpr uint64_t kHelloId = 1;

Status send_all(Socket& socket, Bytes bytes, const Patience& patience) {
    while (!bytes.empty()) {
        KV_ASSIGN_OR_RETURN(const size_t sent, socket.send_some(bytes));
        bytes.remove_prefix(sent);
        if (bytes.empty()) break;
        KV_ASSIGN_OR_RETURN(const bool ready, socket.wait(POLLOUT, patience));
        if (!ready) return {Code::kDeadline, "handshake: the server takes no bytes"};
    }
    return Status::ok();
}

/// The whole frame. kInvalidArgument when the name of the keyspace cannot be one.
Result<std::string> hello_frame(protocol::HelloRequest hello, const ClientOptions& options) {
    protocol::Header header = protocol::request_header(protocol::Opcode::kHello, kHelloId);
    std::string frame;
    if (options.keyspace.empty()) {
        protocol::append_frame(frame, header, hello);
        return frame;
    }
    if (options.keyspace.size() > protocol::kMaxKeyspaceNameBytes) {
        return Status::invalid_argument("the keyspace's name is longer than " +
                                        std::to_string(protocol::kMaxKeyspaceNameBytes) + " bytes");
    }
    std::string wish;
    protocol::encode(protocol::KeyspaceWish{options.create_keyspace, options.keyspace}, wish);
    header.flags |= protocol::flag::kExt;
    hello.features |= protocol::feature::kKeyspaces;
    const size_t start = protocol::begin_frame(frame, header);
    protocol::append_extensions(frame, {{protocol::extension_tag::kKeyspace, wish}});
    protocol::encode(hello, frame);
    protocol::finish_frame(frame, start);
    return frame;
}

}  // namespace

Connection::Connection(Socket socket, int wake_fd)
    : socket_(std::move(socket)),
      wake_(wake_fd),
      parser_(protocol::FrameParser::Side::kClient),
      calls_(kHelloId + 1) {}

Result<std::unique_ptr<Connection>> Connection::open(const ClientOptions& options,
                                                     const Patience& patience) {
    KV_ASSIGN_OR_RETURN(const Address address, parse_address(options.address));
    KV_ASSIGN_OR_RETURN(Socket socket, connect_socket(address, patience));
    const int wake_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake_fd < 0) {
        return Status::io_error(std::string("eventfd for the client: ") + std::strerror(errno));
    }
    std::unique_ptr<Connection> connection(new Connection(std::move(socket), wake_fd));
    Status status = connection->shake_hands(options, patience);
    // What came right behind the answer, such as a GOAWAY, holds before the first call.
    if (status.is_ok()) status = connection->take_frames();
    if (!status.is_ok()) return status.with_context("connecting to " + options.address);
    connection->start_reader();
    return connection;
}

Status Connection::shake_hands(const ClientOptions& options, const Patience& patience) {
    protocol::HelloRequest hello;
    hello.min_version = protocol::kMinVersion;
    hello.max_version = protocol::kMaxVersion;
    // A server without it refuses DELETE_RANGE, which is all there is to know.
    hello.features = protocol::feature::kRangeDelete;
    hello.client_name = Bytes(options.client_name).substr(0, protocol::kMaxNameBytes);
    KV_ASSIGN_OR_RETURN(const std::string frame, hello_frame(hello, options));
    KV_RETURN_IF_ERROR(send_all(socket_, frame, patience));
    while (true) {
        const auto step = parser_.next(received_.unread());
        if (step.outcome == protocol::FrameParser::Outcome::kError) {
            return {Code::kUnsupported,
                    "the peer does not speak kvd's protocol (is this the native port?): " +
                        parser_.error_message()};
        }
        if (step.outcome == protocol::FrameParser::Outcome::kFrame) {
            Status status = take_hello(step.frame, options);
            received_.consume(step.consumed);
            return status;
        }
        KV_ASSIGN_OR_RETURN(const bool ready, socket_.wait(POLLIN, patience));
        if (!ready) return {Code::kDeadline, "handshake: no answer in time"};
        const auto room = received_.writable(step.needed_bytes);
        KV_ASSIGN_OR_RETURN(const size_t got, socket_.receive_some(room.data(), room.size()));
        received_.commit(got);
    }
}

Status Connection::take_hello(const protocol::FrameView& frame, const ClientOptions& options) {
    if (frame.header.status != 0) {
        protocol::ErrorResponse error;
        KV_RETURN_IF_ERROR(protocol::decode(frame.body, error));
        return protocol::from_wire(frame.header.status, error.message, error.detail);
    }
    if (frame.header.magic != protocol::Magic::kResponse || frame.header.request_id != kHelloId) {
        return {Code::kUnavailable, "the server sent something else than the answer to HELLO"};
    }
    protocol::HelloResponse hello;
    KV_RETURN_IF_ERROR(protocol::decode(frame.body, hello));
    // A server of before keyspaces did not look at extensions of HELLO, critical or not.
    const bool has_keyspaces = (hello.agreed_features & protocol::feature::kKeyspaces) != 0;
    if (!options.keyspace.empty() && !has_keyspaces) {
        return {Code::kUnsupported, "the server (" + std::string(hello.server_version) +
                                        ") has no keyspaces: upgrade it, or do without"};
    }
    server_info_.version = std::string(hello.server_version);
    server_info_.protocol_version = hello.version;
    server_info_.max_key_bytes = hello.max_key_bytes;
    server_info_.max_value_bytes = hello.max_value_bytes;
    server_info_.max_batch_bytes = hello.max_batch_bytes;
    server_info_.max_outstanding = hello.max_outstanding;
    protocol::FrameLimits limits;
    limits.max_frame_bytes = hello.max_frame_bytes;
    limits.version = hello.version;
    parser_.set_limits(limits);
    calls_.set_max_outstanding(hello.max_outstanding);
    return Status::ok();
}

}  // namespace kv::client
