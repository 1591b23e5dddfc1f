// BlockCache: verified blocks of table files, kept within a budget of bytes.
//
// Keyed by (file number, offset); file numbers are never reused within a store, and a cache belongs
// to one store. Replacement is CLOCK per shard: a block read again survives several turns of the
// hand, one that a scan brought in survives none. A BlockRef pins its block: the bytes stay until
// the last reference goes, whether or not the cache still holds it.
// Thread rule: everything from any thread. lookup holds one shard's mutex for a few instructions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "kv/bytes.h"

namespace kv {

/// A counted reference to a block's bytes; empty by default. Copying is one atomic increment.
class BlockRef {
  public:
    BlockRef() = default;
    /// A new block of `size` uninitialised bytes, for the caller to fill before it shares it.
    static BlockRef allocate(size_t size);

    BlockRef(const BlockRef& other) : block_(other.block_) {
        if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
    }
    BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    BlockRef& operator=(BlockRef other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~BlockRef() { reset(); }

    void reset() {
        Block* block = std::exchange(block_, nullptr);
        if (block == nullptr) return;
        if (block->references.fetch_sub(1, std::memory_order_acq_rel) == 1) release(block);
    }
    explicit operator bool() const { return block_ != nullptr; }
    /// Requires a non-empty reference, as do all below.
    Bytes bytes() const { return {block_->data(), block_->size}; }
    /// For filling, while this is the only reference.
    char* mutable_data() { return block_->data(); }
    /// Forgets the bytes behind `size` (a trailer already checked); requires size <= the current
    /// one and that this is the only reference.
    void shrink(size_t size) { block_->size = static_cast<uint32_t>(size); }
    /// Heap bytes that the block takes, whoever holds it.
    size_t charge_bytes() const { return block_->capacity + sizeof(Block); }

  private:
    struct Block {
        std::atomic<uint32_t> references{1};
        uint32_t size;
        uint32_t capacity;
        uint32_t unused = 0;
        char* data() { return reinterpret_cast<char*>(this + 1); }
    };
    static_assert(sizeof(Block) == 16);
    static void release(Block* block);

    Block* block_ = nullptr;
};

class BlockCache {
  public:
    /// Whether a block is likely to be read again soon.
    enum class Use : uint8_t {
        kPoint,  ///< A point read: survives one turn of the hand unread.
        kScan,   ///< A scan: the first to go.
    };
    struct Stats {
        uint64_t hits = 0;
        uint64_t misses = 0;
        uint64_t insertions = 0;
        uint64_t evictions = 0;
        uint64_t blocks = 0;
        uint64_t bytes = 0;
        uint64_t capacity_bytes = 0;
    };

    /// `capacity_bytes` 0 makes a cache that keeps nothing.
    explicit BlockCache(uint64_t capacity_bytes);
    ~BlockCache();
    BlockCache(const BlockCache&) = delete;
    BlockCache& operator=(const BlockCache&) = delete;

    /// The block, or an empty reference. Counts a hit or a miss.
    BlockRef lookup(uint64_t file_number, uint64_t offset);
    /// Keeps `block` and returns it; if another thread was faster, returns that one's. Evicts as
    /// needed; a block larger than a shard's share is not kept. Bytes pinned by others after
    /// eviction are no longer counted here.
    BlockRef insert(uint64_t file_number, uint64_t offset, BlockRef block, Use use = Use::kPoint);
    /// Drops every block of a file that is being deleted. O(blocks in the cache).
    void erase_file(uint64_t file_number);

    Stats stats() const;
    uint64_t capacity_bytes() const { return capacity_bytes_; }

  private:
    class Shard;
    Shard& shard_of(uint64_t hash);

    const uint64_t capacity_bytes_;
    uint64_t shard_mask_ = 0;
    std::unique_ptr<Shard[]> shards_;
};

}  // namespace kv
