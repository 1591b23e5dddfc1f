// Frame headers as bytes, little-endian at fixed offsets, and the XXH3 checksum over a frame.
// SPDX-License-Identifier: Apache-2.0
#define XXH_STATIC_LINKING_ONLY  // for a hash state on the stack
#include "protocol/frame.h"

#include <xxhash.h>

#include <bit>
#include <cstring>

#include "kv/assert.h"
#include "protocol/status_list.h"

namespace kv::protocol {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the wire is little-endian, and so must the machine be for these copies");

template <class T>
void store(char* out, size_t offset, T value) {
    std::memcpy(out + offset, &value, sizeof value);
}

template <class T>
T load(const char* in, size_t offset) {
    T value;
    std::memcpy(&value, in + offset, sizeof value);
    return value;
}

// Offsets within the header. Sent on the wire, never renumber.
constexpr size_t kBodyLenAt = 0, kMagicAt = 4, kVersionAt = 5, kFlagsAt = 6, kOpcodeAt = 8,
                 kStatusAt = 10, kDeadlineAt = 12, kRequestIdAt = 16, kChecksumAt = 24;
static_assert(kChecksumAt + sizeof(uint64_t) == kHeaderBytes);

}  // namespace

Header request_header(Opcode opcode, uint64_t request_id, uint32_t deadline_ms,
                      Durability durability, Priority priority) {
    Header header;
    header.magic = Magic::kRequest;
    header.opcode = opcode;
    // Only writes have a durability; elsewhere the byte is 0, so that equal requests are equal
    // bytes.
    const unsigned level = is_write(opcode) ? static_cast<unsigned>(durability) : 0U;
    header.status = static_cast<uint16_t>(level | static_cast<unsigned>(priority) << 8);
    header.deadline_ms = deadline_ms;
    header.request_id = request_id;
    return header;
}

Header response_header(Opcode opcode, uint64_t request_id, uint16_t status, uint32_t server_us) {
    Header header;
    header.magic = Magic::kResponse;
    header.flags = is_in_doubt(status) ? flag::kInDoubt : uint16_t{0};
    header.opcode = opcode;
    header.status = status;
    header.deadline_ms = server_us;
    header.request_id = request_id;
    return header;
}

Header push_header(Opcode opcode) {
    Header header;
    header.magic = Magic::kPush;
    header.opcode = opcode;
    return header;
}

void encode_header(const Header& header, char* out) {
    store(out, kBodyLenAt, header.body_len);
    store(out, kMagicAt, static_cast<uint8_t>(header.magic));
    store(out, kVersionAt, header.version);
    store(out, kFlagsAt, header.flags);
    store(out, kOpcodeAt, static_cast<uint16_t>(header.opcode));
    store(out, kStatusAt, header.status);
    store(out, kDeadlineAt, header.deadline_ms);
    store(out, kRequestIdAt, header.request_id);
    store(out, kChecksumAt, header.checksum);
}

Header decode_header(const char* in) {
    Header header;
    header.body_len = load<uint32_t>(in, kBodyLenAt);
    header.magic = static_cast<Magic>(load<uint8_t>(in, kMagicAt));
    header.version = load<uint8_t>(in, kVersionAt);
    header.flags = load<uint16_t>(in, kFlagsAt);
    header.opcode = static_cast<Opcode>(load<uint16_t>(in, kOpcodeAt));
    header.status = load<uint16_t>(in, kStatusAt);
    header.deadline_ms = load<uint32_t>(in, kDeadlineAt);
    header.request_id = load<uint64_t>(in, kRequestIdAt);
    header.checksum = load<uint64_t>(in, kChecksumAt);
    return header;
}

uint64_t frame_checksum(const Header& header, Bytes after_header) {
    char bytes[kHeaderBytes];
    encode_header(header, bytes);
    store(bytes, kChecksumAt, uint64_t{0});
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, bytes, sizeof bytes);
    XXH3_64bits_update(&state, after_header.data(), after_header.size());
    return XXH3_64bits_digest(&state);
}

bool checksum_ok(const Header& header, Bytes after_header) {
    return !header.has(flag::kChecked) || frame_checksum(header, after_header) == header.checksum;
}

size_t begin_frame(std::string& out, const Header& header) {
    const size_t start = out.size();
    out.resize(start + kHeaderBytes);
    encode_header(header, out.data() + start);
    return start;
}

void finish_frame(std::string& out, size_t frame_start) {
    KV_ASSERT(out.size() >= frame_start + kHeaderBytes);
    const size_t body_len = out.size() - frame_start - kHeaderBytes;
    KV_ASSERT(body_len <= UINT32_MAX);
    char* frame = out.data() + frame_start;
    store(frame, kBodyLenAt, static_cast<uint32_t>(body_len));
    store(frame, kChecksumAt, uint64_t{0});
    if ((load<uint16_t>(frame, kFlagsAt) & flag::kChecked) == 0) return;
    store(frame, kChecksumAt, uint64_t{XXH3_64bits(frame, kHeaderBytes + body_len)});
}

}  // namespace kv::protocol
