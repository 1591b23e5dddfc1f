// Numbers in arguments and values, read and written byte for byte as Redis does, since clients and
// stored counters depend on it. Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kv/bytes.h"

namespace kv::server {

/// Decimal in its shortest form: no plus sign, no space, no leading zero, no "-0". Nullopt for
/// anything else and out of range.
std::optional<int64_t> parse_integer(Bytes text);

/// What strtold() reads when it reads all of `text`, without leading space, NaN and results out of
/// range. Infinity and hexadecimal pass.
std::optional<long double> parse_long_double(Bytes text);

/// At most 17 digits after the point, without trailing zeros and without an exponent. Requires a
/// finite value.
std::string format_long_double(long double value);

}  // namespace kv::server
