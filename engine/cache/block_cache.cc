// The block cache: shards of a chained hash table whose entries are also the ring of a CLOCK hand.
// SPDX-License-Identifier: Apache-2.0
#include "cache/block_cache.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <new>
#include <vector>

#include "kv/assert.h"

namespace kv {

namespace {

constexpr uint64_t kLargestShardCount = 64;
constexpr uint64_t kSmallestShardBytes = 1U << 20;
constexpr uint8_t kMostVisits = 3;  // turns of the hand that a busy block survives

/// Mixes all bits of a place into all bits of the result; file numbers and offsets are regular.
uint64_t hash_place(uint64_t file_number, uint64_t offset) {
    uint64_t h = file_number * 0x9E3779B97F4A7C15ULL + offset;
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9ULL;
    h = (h ^ h >> 27) * 0x94D049BB133111EBULL;
    return h ^ h >> 31;
}

}  // namespace

BlockRef BlockRef::allocate(size_t size) {
    KV_ASSERT(size <= UINT32_MAX);
    void* memory = ::operator new(sizeof(Block) + size);
    BlockRef ref;
    ref.block_ = new (memory) Block;
    ref.block_->size = ref.block_->capacity = static_cast<uint32_t>(size);
    return ref;
}

void BlockRef::release(Block* block) {
    block->~Block();
    ::operator delete(block);
}

class BlockCache::Shard {
  public:
    void set_capacity(uint64_t bytes) { capacity_bytes_ = bytes; }

    BlockRef lookup(uint64_t hash, uint64_t file_number, uint64_t offset) {
        const std::lock_guard lock(mutex_);
        const uint32_t slot = find(hash, file_number, offset);
        if (slot == kNone) {
            ++counters_.misses;
            return {};
        }
        ++counters_.hits;
        Entry& entry = entries_[slot];
        if (entry.visits < kMostVisits) ++entry.visits;
        return entry.block;
    }

    BlockRef insert(uint64_t hash, uint64_t file_number, uint64_t offset, BlockRef block, Use use) {
        const size_t charge = block.charge_bytes();
        if (charge > capacity_bytes_) return block;
        std::vector<BlockRef> evicted;  // freed after the mutex is
        const std::lock_guard lock(mutex_);
        if (const uint32_t slot = find(hash, file_number, offset); slot != kNone)
            return entries_[slot].block;
        make_room(charge, evicted);
        if (counters_.blocks >= buckets_.size()) grow();
        const uint32_t slot = take_slot();
        uint32_t& bucket = bucket_of(hash);
        entries_[slot] = {hash,  file_number, offset,
                          block, bucket,      use == Use::kPoint ? uint8_t{1} : uint8_t{0}};
        bucket = slot;
        counters_.bytes += charge;
        ++counters_.blocks;
        ++counters_.insertions;
        return block;
    }

    void erase_file(uint64_t file_number) {
        std::vector<BlockRef> erased;
        const std::lock_guard lock(mutex_);
        for (uint32_t slot = 0; slot < entries_.size(); ++slot)
            if (entries_[slot].block && entries_[slot].file_number == file_number)
                erased.push_back(remove(slot));
    }

    void add_stats(Stats& sum) const {
        const std::lock_guard lock(mutex_);
        sum.hits += counters_.hits;
        sum.misses += counters_.misses;
        sum.insertions += counters_.insertions;
        sum.evictions += counters_.evictions;
        sum.blocks += counters_.blocks;
        sum.bytes += counters_.bytes;
    }

  private:
    static constexpr uint32_t kNone = UINT32_MAX;

    struct Entry {
        uint64_t hash = 0;
        uint64_t file_number = 0;
        uint64_t offset = 0;
        BlockRef block;         // empty: the slot is free
        uint32_t next = kNone;  // in the bucket's chain
        uint8_t visits = 0;
    };

    uint32_t& bucket_of(uint64_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }

    uint32_t find(uint64_t hash, uint64_t file_number, uint64_t offset) {
        uint32_t slot = bucket_of(hash);
        while (slot != kNone) {
            const Entry& entry = entries_[slot];
            if (entry.file_number == file_number && entry.offset == offset) break;
            slot = entry.next;
        }
        return slot;
    }

    void grow() {
        buckets_.assign(buckets_.size() * 2, kNone);
        for (uint32_t slot = 0; slot < entries_.size(); ++slot) {
            if (!entries_[slot].block) continue;
            uint32_t& bucket = bucket_of(entries_[slot].hash);
            entries_[slot].next = bucket;
            bucket = slot;
        }
    }

    uint32_t take_slot() {
        if (!free_.empty()) {
            const uint32_t slot = free_.back();
            free_.pop_back();
            return slot;
        }
        entries_.emplace_back();
        return static_cast<uint32_t>(entries_.size() - 1);
    }

    /// Takes the entry out of its chain and frees its slot; the caller drops the block later.
    BlockRef remove(uint32_t slot) {
        Entry& entry = entries_[slot];
        uint32_t* link = &bucket_of(entry.hash);
        while (*link != slot) link = &entries_[*link].next;
        *link = entry.next;
        counters_.bytes -= entry.block.charge_bytes();
        --counters_.blocks;
        free_.push_back(slot);
        return std::move(entry.block);
    }

    /// Turns the hand until `charge` fits. Ends: every full turn lowers some count or evicts.
    void make_room(size_t charge, std::vector<BlockRef>& evicted) {
        while (counters_.bytes + charge > capacity_bytes_) {
            if (hand_ >= entries_.size()) hand_ = 0;
            Entry& entry = entries_[hand_];
            if (entry.block && entry.visits > 0) {
                --entry.visits;
            } else if (entry.block) {
                evicted.push_back(remove(hand_));
                ++counters_.evictions;
            }
            ++hand_;
        }
    }

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    std::vector<uint32_t> buckets_ = std::vector<uint32_t>(16, kNone);
    std::vector<Entry> entries_;
    std::vector<uint32_t> free_;
    uint32_t hand_ = 0;
    Stats counters_;
    // Set once.
    uint64_t capacity_bytes_ = 0;
};

BlockCache::BlockCache(uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes) {
    const uint64_t shards = std::clamp<uint64_t>(
        std::bit_floor(capacity_bytes / kSmallestShardBytes), 1, kLargestShardCount);
    shard_mask_ = shards - 1;
    shards_ = std::make_unique<Shard[]>(shards);
    for (uint64_t i = 0; i < shards; ++i) shards_[i].set_capacity(capacity_bytes / shards);
}

BlockCache::~BlockCache() = default;

// The low bits of the hash choose the bucket, the high bits the shard.
BlockCache::Shard& BlockCache::shard_of(uint64_t hash) { return shards_[hash >> 58 & shard_mask_]; }

BlockRef BlockCache::lookup(uint64_t file_number, uint64_t offset) {
    const uint64_t hash = hash_place(file_number, offset);
    return shard_of(hash).lookup(hash, file_number, offset);
}

BlockRef BlockCache::insert(uint64_t file_number, uint64_t offset, BlockRef block, Use use) {
    const uint64_t hash = hash_place(file_number, offset);
    return shard_of(hash).insert(hash, file_number, offset, std::move(block), use);
}

void BlockCache::erase_file(uint64_t file_number) {
    for (uint64_t i = 0; i <= shard_mask_; ++i) shards_[i].erase_file(file_number);
}

BlockCache::Stats BlockCache::stats() const {
    Stats sum;
    sum.capacity_bytes = capacity_bytes_;
    for (uint64_t i = 0; i <= shard_mask_; ++i) shards_[i].add_stats(sum);
    return sum;
}

}  // namespace kv
