// Messages: every body of the native protocol, and whole frames made from them. The formats, with a
// worked example each, are in protocol/docs/wire_format.md.
//
// Sending:   append_frame(out, request_header(Opcode::kGet, id), GetRequest{0, key});
// Receiving: FrameParser::next, then decode(frame.body, message) by opcode.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "protocol/admin_messages.h"
#include "protocol/frame.h"
#include "protocol/frame_parser.h"
#include "protocol/read_messages.h"
#include "protocol/session_messages.h"
#include "protocol/status_list.h"
#include "protocol/write_messages.h"

namespace kv::protocol {

/// Appends one complete frame: header with length (and checksum where CHECKED is set), then body.
template <class Message>
void append_frame(std::string& out, const Header& header, const Message& message) {
    const size_t start = begin_frame(out, header);
    encode(message, out);
    finish_frame(out, start);
}

/// Appends the answer for `status`, which is not ok: an error body with its message and detail.
void append_error(std::string& out, Opcode opcode, uint64_t request_id, const Status& status,
                  uint32_t server_us = 0);
/// The same where the wire status is more precise than any kv::Code.
void append_error(std::string& out, Opcode opcode, uint64_t request_id, WireStatus status,
                  Bytes message, uint64_t detail = 0, uint32_t server_us = 0);
/// Appends the last answer of a connection whose stream `parser` has given up: fatal status,
/// message, opcode and request id of the frame at fault (0 where there is none).
void append_parser_error(std::string& out, const FrameParser& parser);

}  // namespace kv::protocol
