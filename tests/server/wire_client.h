// The client's half of the conversation for tests: builds request frames, cuts answers apart.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "protocol/extensions.h"
#include "protocol/frame_parser.h"
#include "protocol/messages.h"

namespace kv::server {

using protocol::Header;
using protocol::Opcode;
using protocol::WireStatus;

/// A frame with its own bytes.
struct Answer {
    Header header;
    std::string body;

    uint64_t id() const { return header.request_id; }
    bool is(WireStatus status) const { return header.status == protocol::raw(status); }
    bool ok() const { return is(WireStatus::kOk); }
    bool more() const { return header.has(protocol::flag::kMore); }
    bool is_push() const { return header.magic == protocol::Magic::kPush; }
    /// Views in the message live as long as this answer.
    template <class Message>
    Message as() const {
        Message message;
        const Status status = protocol::decode(body, message);
        INFO(status.to_string() << " in answer to " << protocol::opcode_name(header.opcode));
        REQUIRE(status.is_ok());
        return message;
    }
    std::string error() const { return std::string(as<protocol::ErrorResponse>().message); }
};

template <class Message>
std::string frame(Opcode opcode, uint64_t id, const Message& message, uint16_t flags = 0,
                  uint32_t deadline_ms = 0) {
    Header header = protocol::request_header(opcode, id, deadline_ms);
    header.flags |= flags;
    std::string bytes;
    protocol::append_frame(bytes, header, message);
    return bytes;
}
inline std::string hello(uint64_t id = 1) {
    return frame(Opcode::kHello, id, protocol::HelloRequest{});
}
/// HELLO with one extension.
inline std::string hello_with(uint64_t id, uint16_t tag, Bytes value) {
    Header header = protocol::request_header(Opcode::kHello, id);
    header.flags |= protocol::flag::kExt;
    protocol::HelloRequest message;
    message.features = protocol::feature::kKeyspaces | protocol::feature::kRangeDelete;
    std::string bytes;
    const size_t start = protocol::begin_frame(bytes, header);
    protocol::append_extensions(bytes, {{tag, value}});
    protocol::encode(message, bytes);
    protocol::finish_frame(bytes, start);
    return bytes;
}
inline std::string hello_in(uint64_t id, Bytes keyspace, bool create = false) {
    std::string value;
    protocol::encode(protocol::KeyspaceWish{create, keyspace}, value);
    return hello_with(id, protocol::extension_tag::kKeyspace, value);
}
inline std::string put(uint64_t id, Bytes key, Bytes value, uint16_t flags = 0) {
    return frame(Opcode::kPut, id, protocol::PutRequest{0, key, value}, flags);
}
inline std::string get(uint64_t id, Bytes key, uint16_t flags = 0) {
    return frame(Opcode::kGet, id, protocol::GetRequest{0, key}, flags);
}
inline std::string ping(uint64_t id, uint16_t flags = 0, Bytes payload = "") {
    return frame(Opcode::kPing, id, protocol::PingMessage{payload}, flags);
}
inline std::string increment(uint64_t id, Bytes key, int64_t by = 1) {
    return frame(Opcode::kIncrement, id, protocol::IncrementRequest{by, key});
}

/// Cuts the answers out of a stream that may end in the middle of one.
class AnswerStream {
  public:
    void add(Bytes bytes) { unread_ += bytes; }
    std::optional<Answer> next() {
        protocol::FrameParser::Step step = parser_.next(unread_);
        INFO(parser_.error_message());
        REQUIRE(step.outcome != protocol::FrameParser::Outcome::kError);
        if (step.outcome == protocol::FrameParser::Outcome::kNeedMore) return std::nullopt;
        Answer answer{step.frame.header, std::string(step.frame.body)};
        unread_.erase(0, step.consumed);
        return answer;
    }

  private:
    protocol::FrameParser parser_{protocol::FrameParser::Side::kClient,
                                  {protocol::kDefaultFrameBytes, protocol::kMaxVersion, false}};
    std::string unread_;
};

}  // namespace kv::server
