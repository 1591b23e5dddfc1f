// See the header. Compiled for AVX2 on its own: nothing but XXH3 may be in here, since what is
// inline elsewhere too could be linked from this file.
// SPDX-License-Identifier: Apache-2.0
#include "base/hash_long.h"

#ifdef KV_HAS_HASH_AVX2

#define XXH_INLINE_ALL
#define XXH_VECTOR XXH_AVX2
#include <xxhash.h>

namespace kv {

uint64_t hash64_avx2(const char* data, size_t size, uint64_t seed) {
    return XXH3_64bits_withSeed(data, size, seed);
}

}  // namespace kv

#endif
