// XXH3, the one hash of the engine: checksums of log records, blocks and CURRENT, filter probes,
// cache shards.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kv/bytes.h"

namespace kv {

/// XXH3-64 of `bytes`. `seed` 0 is plain XXH3_64bits.
uint64_t hash64(Bytes bytes, uint64_t seed = 0);

/// The seed that ties a checksum to a place: bytes copied from another file or offset do not
/// verify.
constexpr uint64_t place_salt(uint64_t file_number, uint64_t offset) {
    return file_number * 0x9E3779B97F4A7C15ULL ^ (offset + 0x632BE59BD9B4E019ULL);
}

}  // namespace kv
