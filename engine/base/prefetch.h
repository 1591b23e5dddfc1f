// Fetching memory into the processor's caches before it is asked for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace kv {

inline constexpr size_t kLineBytes = 64;  ///< Of the processor's caches.

/// The lines of the `bytes` from `begin` on, as far as they are not there yet; soon.
inline void prefetch_lines(const char* begin, size_t bytes) {
    for (size_t at = 0; at < bytes; at += kLineBytes) __builtin_prefetch(begin + at);
}

/// The same for more than will be read at once: not into the smallest cache, whose content it would
/// push out.
inline void prefetch_far(const char* begin, size_t bytes) {
    for (size_t at = 0; at < bytes; at += kLineBytes) __builtin_prefetch(begin + at, 0, 2);
}

}  // namespace kv
