// Bytes in JSON, as kvcli exports them: a string where they are valid UTF-8, else base64 under the
// name with "_base64" added, so that no byte is lost. Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "kv/bytes.h"
#include "kv/types.h"
#include "record/internal_key.h"

namespace kv::tools {

/// Keeps its members in the order they were set.
using Json = nlohmann::ordered_json;

/// Whether `bytes` are well-formed UTF-8: no overlong forms, no surrogates.
bool is_utf8(Bytes bytes);
/// RFC 4648, with padding.
std::string to_base64(Bytes bytes);
/// Sets json[name] or json[name + "_base64"].
void set_bytes(Json& json, const std::string& name, Bytes bytes);
/// json[name] = {"key": ..., "seqno": ..., "kind": ...} of an internal key.
void set_internal_key(Json& json, const std::string& name, Bytes internal_key);

/// "put", "delete" and so on; "kind 77" for one that this version does not know.
std::string kind_name(Kind kind);
/// `key@seqno`, the key escaped.
std::string internal_key_text(Bytes internal_key);
/// 16 lower-case digits after 0x.
std::string hex64(uint64_t value);

}  // namespace kv::tools
