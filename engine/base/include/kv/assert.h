// KV_ASSERT: a broken invariant of our own memory stops the process before it can write. On in
// every build. Never for bytes from disk or wire: those get a Status.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace kv {
/// Prints the failed condition to standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace kv

#define KV_ASSERT(condition)                                        \
    do {                                                            \
        if (!(condition)) [[unlikely]]                              \
            ::kv::assertion_failed(#condition, __FILE__, __LINE__); \
    } while (false)
