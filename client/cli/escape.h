// Bytes as text and back: what kvcli needs so that any key and value can be typed and printed.
//
// One escape exists, \xHH, and it may stand anywhere in an argument; every other backslash is
// itself, so JSON and Windows paths pass unchanged. Pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kv/bytes.h"
#include "kv/result.h"

namespace kv::cli {

/// Replaces each \xHH by its byte. Nothing else changes; never fails.
std::string decode_escapes(Bytes text);
/// One line of text that decode_escapes turns back into `bytes`: control bytes and bytes that are
/// not UTF-8 become \xHH, and so does a backslash that would otherwise start an escape.
std::string encode_escapes(Bytes bytes);
/// As encode_escapes, but line ends and tabs stay: for showing one value on a terminal without
/// letting it steer the terminal.
std::string terminal_safe(Bytes bytes);

/// Lower-case, two digits a byte.
std::string to_hex(Bytes bytes);

bool is_valid_utf8(Bytes bytes);

/// RFC 4648, with padding.
std::string to_base64(Bytes bytes);
/// kInvalidArgument for anything but RFC 4648 with padding.
Result<std::string> from_base64(Bytes text);

}  // namespace kv::cli
