// HeldParts: index partitions and filter pieces of one table that stay with its reader once they
// have been found in the cache, so that the next read need not ask the cache for them.
//
// They are the cache's blocks, held as long as the reader lives; the cache grants how much may be
// held so. Owner: TableReader. Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "cache/block_cache.h"

namespace kv {

class HeldParts {
  public:
    HeldParts() = default;
    HeldParts(const HeldParts&) = delete;
    HeldParts& operator=(const HeldParts&) = delete;
    ~HeldParts();

    /// Before use: `parts` of them, of a reader that reads through `cache`.
    void open(BlockCache* cache, size_t parts);
    /// Borrowed; empty when it is not held.
    BlockRef find(size_t part) const {
        const Slot& slot = slots_[part];
        return slot.is_held.load(std::memory_order_acquire) ? slot.block.borrow() : BlockRef();
    }
    /// Holds `block` if the cache grants it.
    void hold(size_t part, const BlockRef& block);

  private:
    struct Slot {
        std::atomic<bool> is_held{false};
        BlockRef block;  // never changes once held
    };

    BlockCache* cache_ = nullptr;
    size_t parts_ = 0;
    std::unique_ptr<Slot[]> slots_;
    std::mutex mutex_;  // one thread holds at a time
};

}  // namespace kv
