// Answers: frames of the native protocol built for one request. Pure functions over bytes.
// Thread rule: any thread; network threads and the read pool both build answers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kv/db.h"
#include "protocol/messages.h"

namespace kv::server {

/// What an answer must know about its request.
struct RequestInfo {
    uint64_t id = 0;
    uint64_t arrived_us = 0;
    uint64_t deadline_us = 0;  ///< On the monotonic clock; 0: none.
    protocol::Opcode opcode = protocol::Opcode::kPing;
    uint16_t flags = 0;

    bool expired(uint64_t now_us) const { return deadline_us != 0 && now_us > deadline_us; }
    bool has(uint16_t flag) const { return (flags & flag) != 0; }
};
RequestInfo request_info(const protocol::Header& header, uint64_t now_us);

/// The header of an answer: id, opcode, time spent, CHECKED when the request had it.
protocol::Header answer_header(const RequestInfo& request, uint64_t now_us, uint16_t status = 0);

template <class Message>
void append_answer(std::string& out, const RequestInfo& request, uint64_t now_us,
                   const Message& message) {
    protocol::append_frame(out, answer_header(request, now_us), message);
}

void append_error(std::string& out, const RequestInfo& request, uint64_t now_us,
                  protocol::WireStatus status, Bytes message, uint64_t detail = 0);
void append_error(std::string& out, const RequestInfo& request, uint64_t now_us,
                  const Status& status);

/// A wire status for a refusal with a message: where a Code alone would be less precise.
struct Refusal {
    protocol::WireStatus status = protocol::WireStatus::kOk;
    std::string message;
    uint64_t detail = 0;
    bool refused() const { return status != protocol::WireStatus::kOk; }
};
inline void append_error(std::string& out, const RequestInfo& request, uint64_t now_us,
                         const Refusal& refusal) {
    append_error(out, request, now_us, refusal.status, refusal.message, refusal.detail);
}

/// Body bytes of the answer to a GET.
inline size_t get_body_bytes(const std::optional<Entry>& entry) {
    return protocol::kGetHeadBytes + (entry ? entry->value.size() : 0);
}
protocol::GetResponse get_response(const std::optional<Entry>& entry);
/// `too_large`, with what the answer would take and what was agreed on.
Refusal answer_too_large(size_t bytes, uint32_t max_frame_bytes);

/// The answer, or `too_large` when it takes more than a frame may.
template <class Message>
void append_fitting_answer(std::string& out, const RequestInfo& request, uint64_t now_us,
                           const Message& message, uint32_t max_frame_bytes) {
    const size_t start = out.size();
    append_answer(out, request, now_us, message);
    const size_t bytes = out.size() - start;
    if (bytes <= max_frame_bytes) return;
    out.resize(start);
    append_error(out, request, now_us, answer_too_large(bytes, max_frame_bytes));
}

}  // namespace kv::server
