// The first 8 bytes of a key as a number, which decide most comparisons of keys; and what keys have
// in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "kv/bytes.h"
#include "record/internal_key.h"

namespace kv {

/// The first 8 bytes as a big-endian integer, padded with zeros: orders like the key where it
/// differs.
inline uint64_t user_key_prefix(Bytes user_key) {
    if (user_key.size() >= 8) [[likely]]
        return load_big_endian64(user_key.data());
    char padded[8] = {};
    std::copy(user_key.begin(), user_key.end(), padded);
    return load_big_endian64(padded);
}

/// The longest that both begin with, a view into `a`.
inline Bytes common_prefix_of(Bytes a, Bytes b) {
    const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    return a.substr(0, static_cast<size_t>(differ.first - a.begin()));
}

}  // namespace kv
