// The frame parser's checks, in a fixed order so that the verdict does not depend on how the bytes
// were cut: magic, version, flags, request id, size, then (frame complete) checksum, extensions.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/frame_parser.h"

#include <cstdio>

#include "kv/assert.h"
#include "protocol/extensions.h"
#include "protocol/wire_cursor.h"

namespace kv::protocol {
namespace {

constexpr size_t kMagicOffset = 4;

bool magic_expected(FrameParser::Side side, uint8_t magic) {
    if (side == FrameParser::Side::kServer) return magic == static_cast<uint8_t>(Magic::kRequest);
    return magic == static_cast<uint8_t>(Magic::kResponse) ||
           magic == static_cast<uint8_t>(Magic::kPush);
}

uint16_t flags_allowed(Magic magic) {
    switch (magic) {
        case Magic::kRequest:
            return flag::kInRequest;
        case Magic::kResponse:
            return flag::kInResponse;
        case Magic::kPush:
            return flag::kInPush;
    }
    return 0;
}

// Splits what follows the header into extension entries and body. False: the block is bad.
bool split_extensions(Bytes after_header, FrameView& frame) {
    if (!frame.header.has(flag::kExt)) {
        frame.body = after_header;
        return true;
    }
    WireReader in(after_header);
    frame.extensions = in.bytes("extensions", kMaxExtensionBytes);
    if (!in.ok() || !extensions_well_formed(frame.extensions)) return false;
    frame.body = after_header.substr(in.offset());
    return true;
}

}  // namespace

std::string_view frame_error_name(FrameError error) {
    switch (error) {
        case FrameError::kNone:
            return "none";
        case FrameError::kBadMagic:
            return "bad magic";
        case FrameError::kBadVersion:
            return "bad version";
        case FrameError::kReservedFlags:
            return "reserved flags";
        case FrameError::kNotNegotiated:
            return "compression not negotiated";
        case FrameError::kBadRequestId:
            return "bad request id";
        case FrameError::kOversize:
            return "oversize frame";
        case FrameError::kBadChecksum:
            return "bad checksum";
        case FrameError::kBadExtensions:
            return "bad extension block";
    }
    return "unknown";
}

WireStatus frame_error_status(FrameError error) {
    switch (error) {
        case FrameError::kBadVersion:
            return WireStatus::kBadVersion;
        case FrameError::kOversize:
            return WireStatus::kFrameTooLarge;
        case FrameError::kBadChecksum:
            return WireStatus::kBadChecksum;
        default:
            return WireStatus::kBadFrame;
    }
}

FrameError FrameParser::check_header(const Header& header) const {
    if (header.version != limits_.version) return FrameError::kBadVersion;
    if ((header.flags & ~flags_allowed(header.magic)) != 0) return FrameError::kReservedFlags;
    if (header.has(flag::kCompressed) && !limits_.allow_compressed) {
        return FrameError::kNotNegotiated;
    }
    const bool may_be_zero = header.magic == Magic::kResponse && is_fatal(header.status);
    if (header.request_id == 0 ? header.magic != Magic::kPush && !may_be_zero
                               : header.magic == Magic::kPush) {
        return FrameError::kBadRequestId;
    }
    if (uint64_t{header.body_len} + kHeaderBytes > limits_.max_frame_bytes) {
        return FrameError::kOversize;
    }
    return FrameError::kNone;
}

FrameParser::Step FrameParser::fail(FrameError error, const Header& header) {
    error_ = error;
    bad_header_ = header;
    Step step;
    step.outcome = Outcome::kError;
    step.error = error;
    return step;
}

FrameParser::Step FrameParser::fail_magic(uint8_t found) {
    Header header;
    header.magic = static_cast<Magic>(found);
    header.version = 0;
    header.opcode = Opcode{0};
    return fail(FrameError::kBadMagic, header);
}

FrameParser::Step FrameParser::next(Bytes unread) {
    if (error_ != FrameError::kNone) return fail(error_, bad_header_);

    Step step;
    step.needed_bytes = kHeaderBytes;
    if (unread.size() < kHeaderBytes) {
        // A stranger (HTTP, TLS, Redis) is told so even if it sends fewer bytes than a header.
        if (unread.size() > kMagicOffset) {
            const auto magic = static_cast<uint8_t>(unread[kMagicOffset]);
            if (!magic_expected(side_, magic)) return fail_magic(magic);
        }
        return step;
    }

    const Header header = decode_header(unread.data());
    if (!magic_expected(side_, static_cast<uint8_t>(header.magic))) {
        return fail_magic(static_cast<uint8_t>(header.magic));
    }
    const FrameError error = check_header(header);
    if (error != FrameError::kNone) return fail(error, header);

    const size_t frame_bytes = kHeaderBytes + header.body_len;
    step.needed_bytes = frame_bytes;
    if (unread.size() < frame_bytes) return step;

    const Bytes after_header = unread.substr(kHeaderBytes, header.body_len);
    if (!checksum_ok(header, after_header)) return fail(FrameError::kBadChecksum, header);
    step.frame.header = header;
    if (!split_extensions(after_header, step.frame)) {
        return fail(FrameError::kBadExtensions, header);
    }
    step.outcome = Outcome::kFrame;
    step.consumed = frame_bytes;
    ++frames_;
    bytes_ += frame_bytes;
    return step;
}

std::string FrameParser::error_message() const {
    if (error_ == FrameError::kNone) return {};
    char detail[128] = "";
    const Header& h = bad_header_;
    switch (error_) {
        case FrameError::kBadMagic:
            std::snprintf(detail, sizeof detail, "expected 0x%s, found 0x%02X",
                          side_ == Side::kServer ? "D7" : "D8 or 0xD9",
                          static_cast<unsigned>(h.magic));
            break;
        case FrameError::kBadVersion:
            std::snprintf(detail, sizeof detail, "expected version %u, found %u",
                          unsigned{limits_.version}, unsigned{h.version});
            break;
        case FrameError::kReservedFlags:
        case FrameError::kNotNegotiated:
            std::snprintf(detail, sizeof detail, "flags 0x%04X, allowed here 0x%04X",
                          unsigned{h.flags}, unsigned{flags_allowed(h.magic)});
            break;
        case FrameError::kOversize:
            std::snprintf(detail, sizeof detail, "%llu bytes, the limit is %u",
                          static_cast<unsigned long long>(h.body_len) + kHeaderBytes,
                          limits_.max_frame_bytes);
            break;
        default:
            std::snprintf(detail, sizeof detail, "opcode %u, request id %llu",
                          static_cast<unsigned>(h.opcode),
                          static_cast<unsigned long long>(h.request_id));
    }
    return std::string(frame_error_name(error_)) + " in the frame at byte " +
           std::to_string(bytes_) + " of the stream: " + detail;
}

}  // namespace kv::protocol
