// The words in which every runner answers. Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kv/bytes.h"
#include "kv/types.h"

namespace kv::test {

inline constexpr const char* kNoEntry = "[none]";
inline constexpr const char* kEnd = "[end]";

inline std::string entry_text(Bytes value, Seqno seqno, uint64_t expiry_ms) {
    return "[" + escape_bytes(value) + " @" + std::to_string(seqno) + " until " +
           std::to_string(expiry_ms) + "]";
}
inline std::string write_text(Seqno last_seqno, const std::string& counters) {
    return "written up to " + std::to_string(last_seqno) + counters;
}

}  // namespace kv::test
