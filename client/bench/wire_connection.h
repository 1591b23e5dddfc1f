// WireConnection: one connection of the load generator, driven by raw frames: no thread, no lock
// and no allocation a request, so that the load costs as little as it can beside the server.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/result.h"
#include "protocol/frame_parser.h"
#include "protocol/receive_buffer.h"
#include "session/socket.h"

namespace kv::bench {

class WireConnection {
  public:
    /// Connects and shakes hands within five seconds.
    static Result<WireConnection> open(const std::string& address);

    int fd() const { return socket_.fd(); }
    /// Requests the server lets us have in flight.
    uint32_t max_outstanding() const { return max_outstanding_; }

    /// Append requests here, then send().
    std::string& outgoing() { return outgoing_; }
    /// Sends what the socket takes. True when nothing is left.
    Result<bool> send();

    /// Receives once and calls `on_frame(FrameView)` for each complete answer.
    template <class OnFrame>
    Status receive(OnFrame&& on_frame) {
        const auto room = received_.writable(needed_bytes_);
        KV_ASSIGN_OR_RETURN(const size_t got, socket_.receive_some(room.data(), room.size()));
        received_.commit(got);
        while (true) {
            const auto step = parser_.next(received_.unread());
            if (step.outcome == protocol::FrameParser::Outcome::kNeedMore) {
                needed_bytes_ = step.needed_bytes;
                return Status::ok();
            }
            if (step.outcome == protocol::FrameParser::Outcome::kError) {
                return {Code::kUnavailable, parser_.error_message()};
            }
            on_frame(step.frame);
            received_.consume(step.consumed);
        }
    }

  private:
    explicit WireConnection(client::Socket socket)
        : socket_(std::move(socket)), parser_(protocol::FrameParser::Side::kClient) {}
    Status shake_hands(uint64_t deadline_us);

    client::Socket socket_;
    protocol::FrameParser parser_;
    protocol::ReceiveBuffer received_;
    size_t needed_bytes_ = 0;
    std::string outgoing_;
    size_t sent_ = 0;
    uint32_t max_outstanding_ = 1;
};

}  // namespace kv::bench
