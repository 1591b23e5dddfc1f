// The cache as a whole: which shard, how many, and the counters.
// SPDX-License-Identifier: Apache-2.0
#include "cache/block_cache.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "cache/place_hash.h"

namespace kv {

namespace {

constexpr uint64_t kLargestShardCount = 64;
constexpr uint64_t kSmallestShardBytes = 1U << 20;

uint64_t shard_count(uint64_t capacity_bytes) {
    return std::clamp<uint64_t>(std::bit_floor(capacity_bytes / kSmallestShardBytes), 1,
                                kLargestShardCount);
}

}  // namespace

BlockCache::BlockCache(uint64_t capacity_bytes)
    : capacity_bytes_(capacity_bytes),
      memory_(capacity_bytes),
      shard_mask_(shard_count(capacity_bytes) - 1),
      shards_(std::make_unique<CacheShard[]>(shard_mask_ + 1)),
      seen_(capacity_bytes / kBytesPerSeenPlace) {
    set_capacity(capacity_bytes);
}

BlockCache::~BlockCache() = default;

void BlockCache::set_capacity(uint64_t capacity_bytes) {
    capacity_bytes_.store(capacity_bytes, std::memory_order_relaxed);
    for (uint64_t i = 0; i <= shard_mask_; ++i)
        shards_[i].set_capacity(capacity_bytes / (shard_mask_ + 1));
}

BlockRef BlockCache::lookup(uint64_t file_number, uint64_t offset, Use use) {
    const uint64_t hash = hash_place(file_number, offset);
    BlockRef block = shard_of(hash).lookup(hash, file_number, offset, use);
    counters_.add(block ? kHits : kMisses, 1);
    return block;
}

BlockRef BlockCache::insert(uint64_t file_number, uint64_t offset, BlockRef block, Use use) {
    const uint64_t hash = hash_place(file_number, offset);
    return shard_of(hash).insert(hash, file_number, offset, std::move(block), use);
}

bool BlockCache::is_worth_keeping(uint64_t file_number, uint64_t offset, Use use) {
    if (use == Use::kIndex) return true;
    const uint64_t hash = hash_place(file_number, offset);
    return !shard_of(hash).is_full() || seen_.note(hash);
}

bool BlockCache::grant_hold(size_t bytes) {
    // Asked at every read of a part that is not held: no shared store once all is given away.
    if (held_bytes_.load(std::memory_order_relaxed) + bytes > capacity_bytes() / kHoldPart)
        return false;
    const uint64_t before = held_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= capacity_bytes() / kHoldPart) return true;
    give_back_hold(bytes);
    return false;
}

void BlockCache::erase_file(uint64_t file_number) {
    for (uint64_t i = 0; i <= shard_mask_; ++i) shards_[i].erase_file(file_number);
}

BlockCache::Stats BlockCache::stats() const {
    Stats sum;
    sum.capacity_bytes = capacity_bytes();
    sum.hits = counters_.sum(kHits);
    sum.misses = counters_.sum(kMisses);
    for (uint64_t i = 0; i <= shard_mask_; ++i) {
        const CacheShard::Stats shard = shards_[i].stats();
        sum.insertions += shard.insertions;
        sum.evictions += shard.evictions;
        sum.blocks += shard.blocks;
        sum.bytes += shard.bytes;
    }
    return sum;
}

uint64_t BlockCache::pinned_bytes() const {
    uint64_t sum = 0;
    for (uint64_t i = 0; i <= shard_mask_; ++i) sum += shards_[i].pinned_bytes();
    return sum;
}

}  // namespace kv
