// HELLO, requests from the templates, and telling answers apart.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/native_connection.h"

#include <algorithm>

namespace kv::bench {

namespace {

constexpr uint64_t kHelloId = 1;

// A request id names its slot, and differs from the slot's earlier ones.
uint64_t make_id(uint32_t generation, uint32_t slot) {
    return (uint64_t{generation} << 32) | (uint64_t{slot} + 1);
}
uint32_t slot_of(uint64_t id) { return static_cast<uint32_t>(id & UINT32_MAX) - 1; }

// So much that no scan waits for more.
uint32_t scan_credit(const Workload& workload, uint32_t entries) {
    const uint64_t entry =
        protocol::kScanEntryOverheadBytes + workload.key_bytes + workload.value_bytes;
    return static_cast<uint32_t>(
        std::min<uint64_t>(entry * entries + protocol::kDefaultScanCreditBytes, UINT32_MAX));
}

}  // namespace

NativeWire::NativeWire(const Workload& workload)
    : workload_(workload), get_(FrameTemplate::get(workload)), put_(FrameTemplate::put(workload)) {}

Result<std::unique_ptr<ServerConnection>> NativeWire::open() const {
    KV_ASSIGN_OR_RETURN(const client::Address parsed, client::parse_address(workload_.address));
    const uint64_t deadline_us = client::now_us() + kConnectUs;
    KV_ASSIGN_OR_RETURN(client::Socket socket, client::connect_socket(parsed, {deadline_us}));
    auto connection = std::make_unique<NativeConnection>(std::move(socket), *this);
    KV_RETURN_IF_ERROR(connection->shake_hands(deadline_us));
    return std::unique_ptr<ServerConnection>(std::move(connection));
}

NativeConnection::NativeConnection(client::Socket socket, const NativeWire& wire)
    : ServerConnection(std::move(socket)),
      wire_(wire),
      parser_(protocol::FrameParser::Side::kClient),
      key_(wire.workload_.key_bytes, '0') {}

Result<protocol::FrameParser::Step> NativeConnection::next_frame() {
    auto step = parser_.next(received_.unread());
    if (step.outcome == protocol::FrameParser::Outcome::kError) {
        return Status(Code::kUnavailable, parser_.error_message());
    }
    if (step.outcome == protocol::FrameParser::Outcome::kNeedMore) {
        needed_bytes_ = step.needed_bytes;
    }
    return step;
}

Status NativeConnection::shake_hands(uint64_t deadline_us) {
    protocol::HelloRequest hello;
    hello.client_name = "kvbench";
    protocol::append_frame(outgoing_, protocol::request_header(protocol::Opcode::kHello, kHelloId),
                           hello);
    while (true) {
        KV_RETURN_IF_ERROR(exchange(deadline_us).with_context("HELLO"));
        KV_ASSIGN_OR_RETURN(const auto step, next_frame());
        if (step.outcome == protocol::FrameParser::Outcome::kNeedMore) continue;
        const Status status = take_welcome(step.frame);
        received_.consume(step.consumed);
        return status;
    }
}

Status NativeConnection::take_welcome(const protocol::FrameView& frame) {
    if (frame.header.status != 0) {
        protocol::ErrorResponse error;
        KV_RETURN_IF_ERROR(protocol::decode(frame.body, error));
        return protocol::from_wire(frame.header.status, error.message, error.detail);
    }
    protocol::HelloResponse welcome;
    KV_RETURN_IF_ERROR(protocol::decode(frame.body, welcome));
    max_outstanding_ = welcome.max_outstanding;
    protocol::FrameLimits limits;
    limits.max_frame_bytes = welcome.max_frame_bytes;
    limits.version = welcome.version;
    parser_.set_limits(limits);
    return Status::ok();
}

void NativeConnection::add(const Operation& operation, uint32_t slot) {
    const uint64_t id = make_id(++generation_, slot);
    if (operation.kind == OpKind::kScan) {
        add_scan(operation, id);
    } else if (operation.kind == OpKind::kRead) {
        wire_.get_.append(id, operation.key_index, outgoing_);
    } else {
        wire_.put_.append(id, operation.key_index, outgoing_);
    }
}

void NativeConnection::add_scan(const Operation& operation, uint64_t request_id) {
    format_key(operation.key_index, key_.size(), key_.data());
    protocol::ScanRequest scan;
    scan.limit = operation.scan_entries;
    scan.credit_bytes = scan_credit(wire_.workload_, operation.scan_entries);
    scan.range.lower = key_;
    protocol::append_frame(outgoing_, protocol::request_header(protocol::Opcode::kScan, request_id),
                           scan);
}

Status NativeConnection::take_answers(std::vector<Answer>& answers) {
    while (true) {
        KV_ASSIGN_OR_RETURN(const auto step, next_frame());
        if (step.outcome == protocol::FrameParser::Outcome::kNeedMore) return Status::ok();
        take_answer(step.frame, answers);
        received_.consume(step.consumed);
    }
}

void NativeConnection::take_answer(const protocol::FrameView& frame, std::vector<Answer>& answers) {
    if (frame.header.magic == protocol::Magic::kPush) return;  // GOAWAY: the connection ends soon
    if ((frame.header.flags & protocol::flag::kMore) != 0) return;  // of a scan that goes on
    Answer& answer = answers.emplace_back();
    answer.slot = slot_of(frame.header.request_id);
    if (frame.header.status == raw(protocol::WireStatus::kOverloaded)) {
        answer.outcome = Answer::Outcome::kOverloaded;
    } else if (frame.header.status != 0) {
        answer.outcome = Answer::Outcome::kError;
        answer.error_name = protocol::status_name(frame.header.status);
        protocol::ErrorResponse error;
        answer.error = protocol::decode(frame.body, error);
        if (!answer.error.is_ok()) return;
        answer.error = protocol::from_wire(frame.header.status, error.message, error.detail);
    } else if (frame.header.opcode == protocol::Opcode::kGet) {
        protocol::GetResponse response;
        if (protocol::decode(frame.body, response).is_ok() && !response.found) {
            answer.outcome = Answer::Outcome::kMissing;
        }
    }
}

}  // namespace kv::bench
