// XXH3, compiled in rather than called through the shared library: short keys are hashed on every
// look-up, where a call through the linkage table shows.
// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include "base/hash_long.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kv {

namespace {

#ifdef KV_HAS_HASH_AVX2
const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
#endif

}  // namespace

uint64_t hash64(Bytes bytes, uint64_t seed) {
#ifdef KV_HAS_HASH_AVX2
    if (bytes.size() >= kLongHashBytes && has_avx2)
        return hash64_avx2(bytes.data(), bytes.size(), seed);
#endif
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace kv
