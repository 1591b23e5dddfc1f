// What one answer may hold. What is larger is refused with a hint at how to ask for less at once.
// Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace kv::server {

/// Held to it: KEYS, MGET, KV.RANGE and KV.REVRANGE, what tells of the server and its clients, and
/// EXEC with all that its commands answer.
inline constexpr size_t kMaxAnswerBytes = 256ULL << 20;

/// "WHAT over N bytes".
inline std::string over_answer_limit(const std::string& what) {
    return what + " over " + std::to_string(kMaxAnswerBytes) + " bytes";
}

}  // namespace kv::server
