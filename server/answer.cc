// See answer.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/answer.h"

#include <algorithm>
#include <limits>

namespace kv::server {

using protocol::WireStatus;

RequestInfo request_info(const protocol::Header& header, uint64_t now_us) {
    RequestInfo info;
    info.id = header.request_id;
    info.arrived_us = now_us;
    info.deadline_us = header.deadline_ms == 0 ? 0 : now_us + header.deadline_ms * 1000ULL;
    info.opcode = header.opcode;
    info.flags = header.flags;
    return info;
}

protocol::Header answer_header(const RequestInfo& request, uint64_t now_us, uint16_t status) {
    const uint64_t spent = now_us > request.arrived_us ? now_us - request.arrived_us : 0;
    const auto spent_us =
        static_cast<uint32_t>(std::min<uint64_t>(spent, std::numeric_limits<uint32_t>::max()));
    protocol::Header header =
        protocol::response_header(request.opcode, request.id, status, spent_us);
    if (request.has(protocol::flag::kChecked)) header.flags |= protocol::flag::kChecked;
    return header;
}

void append_error(std::string& out, const RequestInfo& request, uint64_t now_us, WireStatus status,
                  Bytes message, uint64_t detail) {
    protocol::append_frame(out, answer_header(request, now_us, protocol::raw(status)),
                           protocol::ErrorResponse{detail, message});
}

void append_error(std::string& out, const RequestInfo& request, uint64_t now_us,
                  const Status& status) {
    append_error(out, request, now_us, protocol::to_wire(status), status.message(),
                 status.detail());
}

protocol::GetResponse get_response(const std::optional<Entry>& entry) {
    if (!entry) return {};
    return {true, entry->seqno, entry->expiry_ms, entry->value};
}

Refusal answer_too_large(size_t bytes, uint32_t max_frame_bytes) {
    return {WireStatus::kTooLarge, "the answer would take " + std::to_string(bytes) +
                                       " bytes; frames of this connection are limited to " +
                                       std::to_string(max_frame_bytes)};
}

}  // namespace kv::server
