// Whole answers for errors.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/messages.h"

namespace kv::protocol {

void append_error(std::string& out, Opcode opcode, uint64_t request_id, const Status& status,
                  uint32_t server_us) {
    append_error(out, opcode, request_id, to_wire(status), status.message(), status.detail(),
                 server_us);
}

void append_error(std::string& out, Opcode opcode, uint64_t request_id, WireStatus status,
                  Bytes message, uint64_t detail, uint32_t server_us) {
    append_frame(out, response_header(opcode, request_id, raw(status), server_us),
                 ErrorResponse{detail, message});
}

void append_parser_error(std::string& out, const FrameParser& parser) {
    const Header& header = parser.bad_header();
    append_error(out, header.opcode, header.request_id, frame_error_status(parser.error()),
                 parser.error_message());
}

}  // namespace kv::protocol
