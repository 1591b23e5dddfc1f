// XXH3 of long inputs with the widest registers of the processor, which halves the time that the
// checksum of a block takes. The result is that of every other way to compute it.
// Caller: hash.cc. Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#define KV_HAS_HASH_AVX2
#endif

namespace kv {

/// Below, a call costs more than the registers save, and XXH3 goes other ways.
inline constexpr size_t kLongHashBytes = 256;

#ifdef KV_HAS_HASH_AVX2
/// Requires a processor with AVX2.
uint64_t hash64_avx2(const char* data, size_t size, uint64_t seed);
#endif

}  // namespace kv
