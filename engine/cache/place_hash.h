// The hash of a block's place: low bits choose where in a shard's index, middle bits the shard, the
// highest 16 are the tag kept in the index. Callers: the block cache and its shards.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kv {

/// Mixes all bits of a place into all bits of the result; file numbers and offsets are regular.
constexpr uint64_t hash_place(uint64_t file_number, uint64_t offset) {
    uint64_t h = file_number * 0x9E3779B97F4A7C15ULL + offset;
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9ULL;
    h = (h ^ h >> 27) * 0x94D049BB133111EBULL;
    return h ^ h >> 31;
}

}  // namespace kv
