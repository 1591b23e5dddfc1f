// Frames: the 32-byte header that starts every message, both ways, and the checksum over a frame.
// Layout and rules: protocol/docs/wire_format.md, section "Frame".
//
// Pure functions over bytes, used by the server, the client and the tests; any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kv/bytes.h"
#include "protocol/limits.h"
#include "protocol/opcode.h"

namespace kv::protocol {

enum class Magic : uint8_t {  // sent on the wire, never renumber
    kRequest = 0xD7,
    kResponse = 0xD8,
    kPush = 0xD9,
};

inline constexpr uint8_t kMinVersion = 1;
inline constexpr uint8_t kMaxVersion = 1;

namespace flag {                                  // sent on the wire, never renumber
inline constexpr uint16_t kMore = 1U << 0;        ///< Response: another one for this id follows.
inline constexpr uint16_t kCompressed = 1U << 1;  ///< Reserved: refused unless negotiated.
inline constexpr uint16_t kChecked = 1U << 2;     ///< The checksum field is filled in.
inline constexpr uint16_t kQuiet = 1U << 3;       ///< Request: answer only errors.
inline constexpr uint16_t kExt = 1U << 4;         ///< An extension block precedes the body.
inline constexpr uint16_t kFence = 1U << 5;       ///< Request: finish all earlier requests first.
inline constexpr uint16_t kInDoubt = 1U << 6;     ///< Response: the write may have happened.

inline constexpr uint16_t kInRequest = kCompressed | kChecked | kQuiet | kExt | kFence;
inline constexpr uint16_t kInResponse = kMore | kCompressed | kChecked | kExt | kInDoubt;
inline constexpr uint16_t kInPush = kCompressed | kChecked | kExt;
}  // namespace flag

/// What an acknowledgement of a write promises. The numbers equal kv::Durability's.
enum class Durability : uint8_t {  // sent on the wire, never renumber
    kMemory = 0,
    kOs = 1,
    kDisk = 2,
};
constexpr bool is_known(Durability level) { return level <= Durability::kDisk; }

/// Advice to the server's queues; an unknown number counts as kNormal.
enum class Priority : uint8_t {  // sent on the wire, never renumber
    kNormal = 0,
    kLow = 1,
    kHigh = 2,
};

struct Header {
    uint32_t body_len = 0;  ///< Bytes after the header, extension block included.
    Magic magic = Magic::kRequest;
    uint8_t version = kMaxVersion;
    uint16_t flags = 0;
    Opcode opcode = Opcode::kPing;
    /// Response: the wire status. Request: durability in the low byte, priority in the high one.
    uint16_t status = 0;
    /// Request: milliseconds left, 0 = none. Response: microseconds spent in the server.
    uint32_t deadline_ms = 0;
    uint64_t request_id = 0;  ///< Chosen by the client, never 0; 0 in pushes.
    uint64_t checksum = 0;

    bool has(uint16_t flag) const { return (flags & flag) != 0; }
    Durability durability() const { return static_cast<Durability>(status & 0xFF); }
    Priority priority() const { return static_cast<Priority>(status >> 8); }
    uint32_t server_us() const { return deadline_ms; }
    friend bool operator==(const Header&, const Header&) = default;
};

/// Headers with every field in its place; `flags` may be or-ed in afterwards.
Header request_header(Opcode opcode, uint64_t request_id, uint32_t deadline_ms = 0,
                      Durability durability = Durability::kDisk,
                      Priority priority = Priority::kNormal);
/// Sets IN_DOUBT where `status` is of that class.
Header response_header(Opcode opcode, uint64_t request_id, uint16_t status = 0,
                       uint32_t server_us = 0);
Header push_header(Opcode opcode);

/// Writes the 32 bytes of `header` to `out`.
void encode_header(const Header& header, char* out);
/// Reads 32 bytes. Total: judges nothing, so that a dump can show a bad header too.
Header decode_header(const char* in);

/// XXH3-64 over the header with its checksum field zero, then everything after it.
uint64_t frame_checksum(const Header& header, Bytes after_header);
/// True when the frame claims no checksum, or the right one.
bool checksum_ok(const Header& header, Bytes after_header);

/// Frames are built in place at the end of `out`: begin, append extension block and body, finish.
/// `begin_frame` returns the offset that `finish_frame` needs; finishing fills in body_len and, for
/// CHECKED frames, the checksum. A body of 4 GiB or more is a broken invariant (KV_ASSERT).
size_t begin_frame(std::string& out, const Header& header);
void finish_frame(std::string& out, size_t frame_start);

}  // namespace kv::protocol
