// glob_matches: Redis's patterns (`*`, `?`, `[a-z]`, `[^a]`, `\x`). What is between two stars is
// looked for once, in a time that is linear in the text and hardly grows with the pattern (glob.cc
// says how); nothing is retried. Still the two bound the time together, so that what clients may
// give as a pattern or a channel has a limit.
// Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "kv/bytes.h"
#include "kv/types.h"

namespace kv::server {

/// Of a pattern, and of the name of a channel that patterns are matched with: no key is longer.
inline constexpr size_t kMaxPatternBytes = kMaxKeyBytes;

/// "ERR WHAT of N bytes is over the limit of M" for one that is longer; else empty.
std::string too_long_to_match(std::string_view what, Bytes given);

/// Whether all of `text` matches `pattern`. `ignore_case`: ASCII letters of either case are equal.
bool glob_matches(Bytes pattern, Bytes text, bool ignore_case = false);

/// What every match begins with: the pattern up to its first special character, unescaped.
std::string glob_prefix(Bytes pattern);

/// The only text that matches, when the pattern has no special character.
std::optional<std::string> glob_literal(Bytes pattern);

}  // namespace kv::server
