// What engine.max_batch_size means: how much several mutations may take that happen together. One
// alone is held to the limits of keys and values only, so that a value of the largest size can be
// written whatever a batch may take. Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kv/options.h"

namespace kv::server {

/// Whether mutations that take `bytes` together are too much for one write.
constexpr bool exceeds_batch(const Options& limits, size_t mutations, size_t bytes) {
    return mutations > 1 && bytes > limits.max_batch_bytes;
}

/// What the engine has to take for one batch. `limits` are the server's.
constexpr uint32_t largest_write_bytes(const Options& limits) {
    constexpr uint32_t kKindLengthsAndExpiry = 1 + 5 + 5 + 8;
    static_assert(kMaxKeyBytes + kMaxValueBytes + kKindLengthsAndExpiry <= kMaxBatchBytes);
    return std::max(limits.max_batch_bytes,
                    limits.max_key_bytes + limits.max_value_bytes + kKindLengthsAndExpiry);
}

}  // namespace kv::server
