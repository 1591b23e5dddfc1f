// Resume tokens as bytes.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/resume_token.h"

#include <xxhash.h>

#include "protocol/wire_cursor.h"

namespace kv::protocol {

std::string encode_resume_token(const ResumeToken& token) {
    std::string out;
    WireWriter writer(out);
    writer.boolean(token.reverse);
    writer.u64(token.snapshot_seqno);
    writer.bytes(token.last_key);
    writer.u64(XXH3_64bits(out.data(), out.size()));
    return out;
}

Status decode_resume_token(Bytes bytes, ResumeToken& out) {
    WireReader in(bytes);
    out.reverse = in.boolean("direction");
    out.snapshot_seqno = in.u64("snapshot_seqno");
    out.last_key = in.bytes("last_key");
    const size_t covered = in.offset();
    const uint64_t checksum = in.u64("checksum");
    if (checksum != XXH3_64bits(bytes.data(), covered)) in.reject("checksum", "does not match");
    return in.finish("resume token");
}

}  // namespace kv::protocol
