// The seed of a random test: KV_TEST_SEED when set, so that a failure can be repeated, else a
// number that differs from run to run. Print it: `const uint64_t seed = test_seed();
// CAPTURE(seed);`
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/random.h"

namespace kv::test {

/// Decimal, or hexadecimal after 0x. A value that is no number counts as 0.
inline uint64_t test_seed() {
    if (const char* given = std::getenv("KV_TEST_SEED"); given != nullptr && *given != '\0') {
        return std::strtoull(given, nullptr, 0);
    }
    auto state = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    return splitmix64(state) >> 16;  // short enough to type
}

/// `length` bytes of any value.
inline std::string random_bytes(Random& random, size_t length) {
    std::string bytes(length, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next() >> 56);
    return bytes;
}

}  // namespace kv::test
