// Bytes: a borrowed run of opaque bytes. Keys and values are ordered as unsigned bytes,
// lexicographically, which is what std::string_view::compare does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kv {

using Bytes = std::string_view;

/// For messages and dumps: printable ASCII as is, `\n \t \\ \"` and \xHH for the rest, and cut with
/// "..." after `limit` input bytes (0 = no limit).
std::string escape_bytes(Bytes bytes, size_t limit = 0);

/// The smallest key that is greater than every key that starts with `prefix`; empty when there is
/// none (the prefix is empty or all 0xFF), which as an upper bound means "unbounded".
std::string prefix_successor(Bytes prefix);

}  // namespace kv
