// XXH3, compiled in rather than called through the shared library: short keys are hashed on every
// look-up, where a call through the linkage table shows.
// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kv {

uint64_t hash64(Bytes bytes, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace kv
