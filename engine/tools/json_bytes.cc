// Bytes in JSON: see json_bytes.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/json_bytes.h"

#include <cstdio>

namespace kv::tools {

namespace {

/// Length of the well-formed sequence that `bytes` begins with; 0 when it does not.
size_t utf8_length(Bytes bytes) {
    const auto at = [&](size_t i) -> uint32_t { return static_cast<uint8_t>(bytes[i]); };
    const uint32_t lead = at(0);
    if (lead < 0x80) return 1;
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return 0;
    uint32_t point = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xC0) != 0x80) return 0;
        point = point << 6 | (at(i) & 0x3F);
    }
    if (length == 3 && (point < 0x800 || (point >= 0xD800 && point <= 0xDFFF))) return 0;
    if (length == 4 && (point < 0x10000 || point > 0x10FFFF)) return 0;
    return length;
}

}  // namespace

bool is_utf8(Bytes bytes) {
    while (!bytes.empty()) {
        const size_t length = utf8_length(bytes);
        if (length == 0) return false;
        bytes.remove_prefix(length);
    }
    return true;
}

std::string to_base64(Bytes bytes) {
    static constexpr char kDigits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t count = std::min<size_t>(3, bytes.size() - i);
        uint32_t group = 0;
        for (size_t j = 0; j < 3; ++j) {
            group = group << 8 | (j < count ? static_cast<uint8_t>(bytes[i + j]) : 0u);
        }
        for (size_t j = 0; j < 4; ++j) {
            out.push_back(j <= count ? kDigits[group >> (18 - 6 * j) & 0x3F] : '=');
        }
    }
    return out;
}

void set_bytes(Json& json, const std::string& name, Bytes bytes) {
    if (is_utf8(bytes)) {
        json[name] = std::string(bytes);
    } else {
        json[name + "_base64"] = to_base64(bytes);
    }
}

void set_internal_key(Json& json, const std::string& name, Bytes internal_key) {
    if (internal_key.size() < kTrailerBytes) {
        set_bytes(json, name, internal_key);
        return;
    }
    Json& key = json[name];
    set_bytes(key, "key", user_key_of(internal_key));
    key["seqno"] = trailer_seqno(trailer_of(internal_key));
    key["kind"] = kind_name(trailer_kind(trailer_of(internal_key)));
}

std::string kind_name(Kind kind) {
    switch (kind) {
        case Kind::kPut:
            return "put";
        case Kind::kDelete:
            return "delete";
        case Kind::kPutWithExpiry:
            return "put_with_expiry";
        case Kind::kRangeDelete:
            return "range_delete";
        default:
            return "kind " + std::to_string(static_cast<int>(kind));
    }
}

std::string internal_key_text(Bytes internal_key) {
    if (internal_key.size() < kTrailerBytes) return escape_bytes(internal_key);
    return escape_bytes(user_key_of(internal_key)) + "@" +
           std::to_string(trailer_seqno(trailer_of(internal_key)));
}

std::string hex64(uint64_t value) {
    char text[19];
    std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(value));
    return text;
}

}  // namespace kv::tools
