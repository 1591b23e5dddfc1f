// How a table is to be read, and what a point read of it found. Plain values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cache/block_ref.h"
#include "kv/bytes.h"
#include "kv/types.h"
#include "record/internal_key.h"

namespace kv {

/// Data blocks that a walk touched.
struct BlockCounts {
    uint64_t cached = 0;
    uint64_t from_disk = 0;
};

struct ReadMode {
    bool cache_only = false;  ///< kWouldBlock instead of a disk read.
    bool fill_cache = true;   ///< Keep the blocks read that the cache finds worth it.
    /// For iterators: read this many bytes at a time once the walk is sequential; 0 = a block.
    uint32_t readahead_bytes = 0;
    /// For iterators: where to count their blocks, or null. Must outlive the iterator.
    BlockCounts* counts = nullptr;
    bool keep_all = false;  ///< Keep every block read: the caller is going to ask again.
};

/// The answer of get, and what it cost. The counters add up over calls, so one TableGet serves a
/// search through many tables.
struct TableGet {
    bool found = false;  ///< A version exists; it may be a tombstone.
    Kind kind = Kind::kPut;
    Seqno seqno = 0;
    Bytes value;   ///< Internal form; lives as long as `pin`.
    BlockRef pin;  ///< Keeps the block of `value`.

    uint32_t filter_checks = 0;  ///< Filters asked.
    uint32_t filter_skips = 0;   ///< Tables they ruled out.
    uint32_t cache_hits = 0;     ///< Blocks found in the cache.
    uint32_t disk_reads = 0;     ///< Blocks read from the disk.
};

}  // namespace kv
