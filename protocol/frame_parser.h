// FrameParser: cuts a stream of bytes into frames. A pure state machine: it owns no bytes, takes no
// memory and does no I/O, so the server and the client drive the same one from any transport.
//
// The caller keeps the unread bytes of its connection together and shows them to next(); frames
// come back as views into them. A frame larger than the caller's buffer is announced by
// `needed_bytes`, which has been checked against the limit, so the caller can make room for it.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kv/status.h"
#include "protocol/frame.h"
#include "protocol/status_list.h"

namespace kv::protocol {

/// Why a stream cannot go on. Each is fatal: after it, nothing on the connection can be trusted.
enum class FrameError : uint8_t {
    kNone,
    kBadMagic,
    kBadVersion,
    kReservedFlags,  ///< An unknown flag, or one that has no meaning in this direction.
    kNotNegotiated,  ///< COMPRESSED without the feature.
    kBadRequestId,   ///< 0 in a request or in a response that is not fatal; not 0 in a push.
    kOversize,       ///< The frame is above the limit; nothing was allocated for it.
    kBadChecksum,
    kBadExtensions,  ///< The extension block runs past the frame, or breaks its own rules.
};
std::string_view frame_error_name(FrameError error);
/// The status to put into the last answer of the connection.
WireStatus frame_error_status(FrameError error);

/// One complete frame. Views last as long as the bytes shown to next().
struct FrameView {
    Header header;
    Bytes extensions;  ///< Tag-length-value entries: extensions.h. Empty without EXT.
    Bytes body;
};

struct FrameLimits {
    uint32_t max_frame_bytes = kPreAuthFrameBytes;  ///< Header included.
    uint8_t version = kMaxVersion;                  ///< The version agreed on.
    bool allow_compressed = false;
};

class FrameParser {
  public:
    /// Which end of the connection reads: a server accepts requests only, a client responses and
    /// pushes only.
    enum class Side : uint8_t { kServer, kClient };

    enum class Outcome : uint8_t { kFrame, kNeedMore, kError };
    struct Step {
        Outcome outcome = Outcome::kNeedMore;
        FrameView frame;      ///< kFrame.
        size_t consumed = 0;  ///< kFrame: drop this many bytes before the next call.
        /// kNeedMore: the unread bytes must reach this many, counted from their start, before
        /// another call can do better. More than are there now, never more than the limit.
        size_t needed_bytes = 0;
        FrameError error = FrameError::kNone;  ///< kError.
    };

    explicit FrameParser(Side side, FrameLimits limits = {}) : side_(side), limits_(limits) {}

    /// Looks at `unread`, which starts where the last frame ended. After kError every call gives
    /// the same error.
    Step next(Bytes unread);

    /// Takes effect at the next frame: called once HELLO has settled the limits.
    void set_limits(FrameLimits limits) { limits_ = limits; }
    const FrameLimits& limits() const { return limits_; }

    uint64_t frames() const { return frames_; }
    uint64_t bytes() const { return bytes_; }
    FrameError error() const { return error_; }
    /// The header at fault; nothing but the magic found where the bytes are no frame at all.
    const Header& bad_header() const { return bad_header_; }
    /// For the log and for the last answer: what was expected, what was found, at which byte of
    /// the stream. Empty without an error.
    std::string error_message() const;

  private:
    FrameError check_header(const Header& header) const;
    Step fail(FrameError error, const Header& header);
    Step fail_magic(uint8_t found);

    Side side_;
    FrameLimits limits_;
    uint64_t frames_ = 0;
    uint64_t bytes_ = 0;  // of all frames given out, so also the offset of the next one
    FrameError error_ = FrameError::kNone;
    Header bad_header_;
};

}  // namespace kv::protocol
