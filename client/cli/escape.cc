// The three text forms of bytes that kvcli speaks: \xHH escapes, hex and base64.
// SPDX-License-Identifier: Apache-2.0
#include "cli/escape.h"

#include <array>
#include <cstdint>

namespace kv::cli {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

uint8_t byte_at(Bytes bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool starts_escape(Bytes text, size_t i) {
    return i + 3 < text.size() && text[i] == '\\' && text[i + 1] == 'x' &&
           hex_value(text[i + 2]) >= 0 && hex_value(text[i + 3]) >= 0;
}

void append_escape(std::string& out, uint8_t byte) {
    out += "\\x";
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
}

// Length of the UTF-8 character at `i`, or 0 when there is none: over-long forms, surrogates and
// code points above U+10FFFF do not count.
size_t utf8_length(Bytes bytes, size_t i) {
    const uint8_t lead = byte_at(bytes, i);
    if (lead < 0x80) return 1;
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || bytes.size() - i < length) return 0;
    for (size_t k = 1; k < length; ++k) {
        if ((byte_at(bytes, i + k) & 0xC0) != 0x80) return 0;
    }
    const uint8_t second = byte_at(bytes, i + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
        return 0;
    }
    return length;
}

// C1 controls (U+0080 to U+009F) steer terminals just as C0 controls do.
bool is_c1_control(Bytes bytes, size_t i) {
    return byte_at(bytes, i) == 0xC2 && byte_at(bytes, i + 1) < 0xA0;
}

std::string encode(Bytes bytes, bool keep_lines) {
    std::string out;
    out.reserve(bytes.size());
    for (size_t i = 0; i < bytes.size();) {
        const uint8_t byte = byte_at(bytes, i);
        const size_t length = utf8_length(bytes, i);
        const bool kept_control = keep_lines && (byte == '\n' || byte == '\t');
        if (length > 1 && !is_c1_control(bytes, i)) {
            out.append(bytes.substr(i, length));
            i += length;
            continue;
        }
        const bool control = length != 1 || byte < 0x20 || byte == 0x7F;
        if ((control && !kept_control) || (!keep_lines && starts_escape(bytes, i))) {
            append_escape(out, byte);
        } else {
            out += bytes[i];
        }
        ++i;
    }
    return out;
}

std::array<int8_t, 256> make_base64_values() {
    std::array<int8_t, 256> values;
    values.fill(-1);
    for (size_t i = 0; i < kBase64Digits.size(); ++i) {
        values[static_cast<uint8_t>(kBase64Digits[i])] = static_cast<int8_t>(i);
    }
    return values;
}

}  // namespace

std::string decode_escapes(Bytes text) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
        if (starts_escape(text, i)) {
            out += static_cast<char>(hex_value(text[i + 2]) * 16 + hex_value(text[i + 3]));
            i += 4;
        } else {
            out += text[i++];
        }
    }
    return out;
}

std::string encode_escapes(Bytes bytes) { return encode(bytes, false); }

std::string terminal_safe(Bytes bytes) { return encode(bytes, true); }

std::string to_hex(Bytes bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (size_t i = 0; i < bytes.size(); ++i) {
        out += kHexDigits[byte_at(bytes, i) >> 4];
        out += kHexDigits[byte_at(bytes, i) & 15];
    }
    return out;
}

bool is_valid_utf8(Bytes bytes) {
    for (size_t i = 0; i < bytes.size();) {
        const size_t length = utf8_length(bytes, i);
        if (length == 0) return false;
        i += length;
    }
    return true;
}

std::string to_base64(Bytes bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t rest = bytes.size() - i;
        uint32_t group = static_cast<uint32_t>(byte_at(bytes, i)) << 16;
        if (rest > 1) group |= static_cast<uint32_t>(byte_at(bytes, i + 1)) << 8;
        if (rest > 2) group |= byte_at(bytes, i + 2);
        out += kBase64Digits[group >> 18];
        out += kBase64Digits[(group >> 12) & 63];
        out += rest > 1 ? kBase64Digits[(group >> 6) & 63] : '=';
        out += rest > 2 ? kBase64Digits[group & 63] : '=';
    }
    return out;
}

Result<std::string> from_base64(Bytes text) {
    static const std::array<int8_t, 256> values = make_base64_values();
    if (text.size() % 4 != 0) {
        return Status::invalid_argument("base64 text of " + std::to_string(text.size()) +
                                        " characters; expected a multiple of 4");
    }
    size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') {
        ++padding;
    }
    std::string out;
    out.reserve(text.size() / 4 * 3);
    uint32_t group = 0;
    for (size_t i = 0; i < text.size() - padding; ++i) {
        const int value = values[byte_at(text, i)];
        if (value < 0) {
            return Status::invalid_argument("character " + std::to_string(i + 1) + ", '" +
                                            encode_escapes(text.substr(i, 1)) + "', is not base64");
        }
        group = group << 6 | static_cast<uint32_t>(value);
        if (i % 4 == 3) {
            out += static_cast<char>(group >> 16);
            out += static_cast<char>(group >> 8 & 255);
            out += static_cast<char>(group & 255);
            group = 0;
        }
    }
    if (padding == 2) out += static_cast<char>(group >> 4);
    if (padding == 1) {
        out += static_cast<char>(group >> 10);
        out += static_cast<char>(group >> 2 & 255);
    }
    return out;
}

}  // namespace kv::cli
