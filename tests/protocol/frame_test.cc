// Headers as bytes.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/frame.h"

#include <catch2/catch.hpp>

#include "protocol/messages.h"

namespace kv::protocol {

TEST_CASE("frame: every header field keeps its place and its value") {
    Header header;
    header.body_len = 0x04030201;
    header.magic = Magic::kPush;
    header.version = 5;
    header.flags = 0x0706;
    header.opcode = Opcode{0x0908};
    header.status = 0x0B0A;
    header.deadline_ms = 0x0F0E0D0C;
    header.request_id = 0x1716151413121110;
    header.checksum = 0x1F1E1D1C1B1A1918;
    char bytes[kHeaderBytes];
    encode_header(header, bytes);
    CHECK(Bytes(bytes, sizeof bytes) ==
          Bytes("\x01\x02\x03\x04\xD9\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F"
                "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1A\x1B\x1C\x1D\x1E\x1F",
                kHeaderBytes));
    CHECK(decode_header(bytes) == header);
}

TEST_CASE("frame: a request carries durability only if it writes") {
    const Header put = request_header(Opcode::kPut, 1, 5, Durability::kOs, Priority::kLow);
    CHECK(put.durability() == Durability::kOs);
    CHECK(put.priority() == Priority::kLow);
    CHECK(request_header(Opcode::kPut, 1).durability() == Durability::kDisk);
    CHECK(request_header(Opcode::kGet, 1).status == 0);
    CHECK(is_known(Durability::kDisk));
    CHECK_FALSE(is_known(Durability{3}));
}

TEST_CASE("frame: a response says in doubt exactly when its status does") {
    for (const StatusInfo& info : status_table()) {
        const Header header = response_header(Opcode::kPut, 1, raw(info.status));
        CHECK(header.has(flag::kInDoubt) == is_in_doubt(raw(info.status)));
    }
}

TEST_CASE("frame: frames are built one behind the other") {
    std::string out;
    append_frame(out, request_header(Opcode::kPing, 1), PingMessage{"one"});
    const size_t first = out.size();
    append_frame(out, request_header(Opcode::kPing, 2), PingMessage{"three"});
    CHECK(decode_header(out.data()).body_len == first - kHeaderBytes);
    CHECK(decode_header(out.data() + first).body_len == out.size() - first - kHeaderBytes);
    CHECK(decode_header(out.data() + first).request_id == 2);
}

TEST_CASE("frame: the checksum written at the end equals the one computed in pieces") {
    Header header = request_header(Opcode::kPing, 1);
    header.flags = flag::kChecked;
    for (const size_t size : {size_t{0}, size_t{1}, size_t{300}, size_t{100'000}}) {
        std::string out;
        append_frame(out, header, PingMessage{std::string(size, 's')});
        const Header written = decode_header(out.data());
        CHECK(written.checksum != 0);
        CHECK(written.checksum == frame_checksum(written, Bytes(out).substr(kHeaderBytes)));
        CHECK(checksum_ok(written, Bytes(out).substr(kHeaderBytes)));
    }
}

}  // namespace kv::protocol
