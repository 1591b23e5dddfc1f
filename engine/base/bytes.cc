// Escaping of opaque bytes for people, and the upper bound of a prefix.
// SPDX-License-Identifier: Apache-2.0
#include "kv/bytes.h"

namespace kv {

std::string escape_bytes(Bytes bytes, size_t limit) {
    static constexpr char kHex[] = "0123456789abcdef";
    const bool cut = limit != 0 && bytes.size() > limit;
    const Bytes shown = cut ? bytes.substr(0, limit) : bytes;
    std::string text;
    text.reserve(shown.size() + 3);
    for (const char c : shown) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            text += "\\n";
        } else if (c == '\t') {
            text += "\\t";
        } else if (c == '\\' || c == '"') {
            text += '\\';
            text += c;
        } else if (byte >= 0x20 && byte < 0x7F) {
            text += c;
        } else {
            text += "\\x";
            text += kHex[byte >> 4];
            text += kHex[byte & 0xF];
        }
    }
    if (cut) text += "...";
    return text;
}

std::string prefix_successor(Bytes prefix) {
    std::string bound(prefix);
    while (!bound.empty() && static_cast<unsigned char>(bound.back()) == 0xFF) bound.pop_back();
    if (!bound.empty()) bound.back() = static_cast<char>(bound.back() + 1);
    return bound;
}

}  // namespace kv
