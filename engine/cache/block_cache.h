// BlockCache: verified blocks of table files, kept within a budget of bytes.
//
// Keyed by (file number, offset); file numbers are never reused within a store, and a cache belongs
// to one store. A BlockRef pins its block: the bytes stay, and stay counted, until the last
// reference goes. A full cache takes in what is missed a second time (is_worth_keeping, which the
// readers of tables ask); replacement keeps what is read again and again against any scan; see
// cache/cache_shard.h.
// Thread rule: everything from any thread. lookup takes no lock.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/thread_number.h"
#include "cache/block_memory.h"
#include "cache/block_ref.h"
#include "cache/cache_shard.h"
#include "cache/seen_places.h"

namespace kv {

class BlockCache {
  public:
    using Use = BlockUse;
    struct Stats {
        uint64_t hits = 0;
        uint64_t misses = 0;
        uint64_t insertions = 0;
        uint64_t evictions = 0;
        uint64_t blocks = 0;
        uint64_t bytes = 0;  ///< Those of erased files that somebody still reads included.
        uint64_t capacity_bytes = 0;
    };

    /// `capacity_bytes` 0 makes a cache that keeps nothing.
    explicit BlockCache(uint64_t capacity_bytes);
    /// Every reference to a cached block must be gone.
    ~BlockCache();
    BlockCache(const BlockCache&) = delete;
    BlockCache& operator=(const BlockCache&) = delete;

    /// A block to be filled for insert(), in the cache's own memory.
    BlockRef allocate(size_t size) { return BlockRef::allocate(size, &memory_); }
    /// The block, or an empty reference. Counts a hit or a miss.
    BlockRef lookup(uint64_t file_number, uint64_t offset, Use use = Use::kPoint);
    /// Keeps `block`, the only reference to it, and returns it; if another thread was faster,
    /// returns that one's. Evicts as needed. A block that is larger than a shard's share, or for
    /// which there is no room because others hold too much, is returned without being kept.
    BlockRef insert(uint64_t file_number, uint64_t offset, BlockRef block, Use use = Use::kPoint);
    /// Whether a block that was just missed and read is worth insert(). While there is room, and
    /// of an index, every one is; else those that were missed before, not long ago.
    bool is_worth_keeping(uint64_t file_number, uint64_t offset, Use use);
    /// Drops every block of a file that is being deleted. O(blocks of that file + shards).
    void erase_file(uint64_t file_number);
    /// Changes the budget. What is too much goes at once, or when its holders let go and room is
    /// needed.
    void set_capacity(uint64_t capacity_bytes);

    /// Whether somebody may hold a reference to a block of `bytes` for long. What may be held so is
    /// a quarter of the capacity, since held blocks cannot be evicted. Give back what was granted.
    bool grant_hold(size_t bytes);
    uint64_t held_bytes() const { return held_bytes_.load(std::memory_order_relaxed); }
    void give_back_hold(size_t bytes) { held_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

    Stats stats() const;
    /// Bytes held by references. Walks the whole cache.
    uint64_t pinned_bytes() const;
    uint64_t capacity_bytes() const { return capacity_bytes_.load(std::memory_order_relaxed); }

  private:
    enum Counter : size_t { kHits, kMisses };
    CacheShard& shard_of(uint64_t hash) const {
        return shards_[hash >> kShardHashShift & shard_mask_];
    }
    static constexpr int kShardHashShift = 42;  // away from the bits that a shard itself uses

    static constexpr uint64_t kHoldPart = 4;
    // Half of the blocks that fit, as they mostly are. More would keep more of what comes back late
    // and never again, at the price of what is there.
    static constexpr uint64_t kBytesPerSeenPlace = 8U << 10;

    std::atomic<uint64_t> capacity_bytes_;
    std::atomic<uint64_t> held_bytes_{0};  // granted by grant_hold
    BlockMemory memory_;                   // of all blocks, so before the shards
    const uint64_t shard_mask_;
    const std::unique_ptr<CacheShard[]> shards_;
    SeenPlaces seen_;
    ThreadCounters<2> counters_;
};

}  // namespace kv
