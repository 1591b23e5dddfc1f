// ResumeToken: where a scan stood after a chunk. The server makes it, the client keeps it as opaque
// bytes and hands it back in a new SCAN, on any connection, to go on after the last key it saw.
//
// Bytes: u8 direction (0 forward, 1 reverse) | u64 snapshot seqno | u32-prefixed last key | u64
// XXH3-64 of all before. The checksum catches damage and mixed-up fields; it is no signature.
// Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/bytes.h"
#include "kv/status.h"

namespace kv::protocol {

struct ResumeToken {
    bool reverse = false;
    uint64_t snapshot_seqno = 0;  ///< What the scan that made it was reading at.
    Bytes last_key{};             ///< The scan goes on strictly after (before, if reverse) it.
    friend bool operator==(const ResumeToken&, const ResumeToken&) = default;
};

std::string encode_resume_token(const ResumeToken& token);
/// kInvalidArgument when the bytes are not a whole, undamaged token. `out.last_key` is a view into
/// `bytes`.
Status decode_resume_token(Bytes bytes, ResumeToken& out);

}  // namespace kv::protocol
