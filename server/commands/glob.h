// glob_matches: Redis's patterns (`*`, `?`, `[a-z]`, `[^a]`, `\x`) in time linear in the text for
// each star, never exponential: a star is only ever retried for the last one seen.
// Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "kv/bytes.h"

namespace kv::server {

/// Whether all of `text` matches `pattern`. `ignore_case`: ASCII letters of either case are equal.
bool glob_matches(Bytes pattern, Bytes text, bool ignore_case = false);

/// What every match begins with: the pattern up to its first special character, unescaped.
std::string glob_prefix(Bytes pattern);

/// The only text that matches, when the pattern has no special character.
std::optional<std::string> glob_literal(Bytes pattern);

}  // namespace kv::server
