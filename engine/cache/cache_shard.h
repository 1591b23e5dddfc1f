// CacheShard: the blocks of one part of the hash space, within one share of the cache's capacity.
//
// Replacement: blocks that a scan brought in wait in a queue of their own, and go first unless they
// take less than a sixteenth of the capacity and a scan asks for room. The others are the ring of a
// CLOCK hand: each visit lets a block survive one more turn, up to a limit.
// Thread rule: everything from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cache/block_ref.h"

namespace kv {

/// Whether a block is likely to be read again soon.
enum class BlockUse : uint8_t {
    kPoint,  ///< A point read.
    kScan,   ///< A scan: the first to go. Looking a block up for a scan is no visit.
    kIndex,  ///< Part of an index or filter, which every read of its table needs: the last to go.
};

// Lookup takes no lock. It finds a slot through the index, adds a reference to the slot's word, and
// only then believes what the slot says, if the word shows it visible. Everything that changes the
// index or a slot holds the mutex. What makes this sound:
//  1. Slots and indexes are never given back before the shard goes, so a stale pointer to one leads
//     to a slot, if perhaps to another block's.
//  2. A visible slot's fields do not change. To take a slot, its word is exchanged from exactly
//     (visible, no references) to free; a slot with references is at most made invisible, and
//     freed by whoever drops the last of them.
//  3. A reference added to a slot that is not the one sought is taken away again without a look at
//     its fields. Sums commute, so such strays never disturb a change of state.
//  4. A lookup beside a change of the index may miss a block that is there. That costs a disk read.
class CacheShard {
  public:
    struct Stats {
        uint64_t insertions = 0;
        uint64_t evictions = 0;
        uint64_t blocks = 0;
        uint64_t bytes = 0;
    };

    CacheShard();
    /// No reference to a block in it may be left.
    ~CacheShard();
    CacheShard(const CacheShard&) = delete;

    /// Evicts what is too much, as far as nobody holds it.
    void set_capacity(uint64_t bytes);
    BlockRef lookup(uint64_t hash, uint64_t file_number, uint64_t offset, BlockUse use);
    BlockRef insert(uint64_t hash, uint64_t file_number, uint64_t offset, BlockRef block,
                    BlockUse use);
    void erase_file(uint64_t file_number);
    /// Whether the last insertion had to evict something.
    bool is_full() const { return is_full_.load(std::memory_order_relaxed); }
    Stats stats() const;
    uint64_t pinned_bytes() const;

  private:
    friend class BlockRef;
    static constexpr uint32_t kNone = UINT32_MAX;
    static constexpr uint32_t kSlotsPerChunk = 64;

    struct alignas(64) Slot {
        std::atomic<uint64_t> word{0};
        // Fixed while visible.
        char* data = nullptr;
        uint64_t file_number = 0;
        uint64_t offset = 0;
        uint32_t size = 0;
        uint32_t charge = 0;
        CacheShard* shard = nullptr;
        // Guarded by the shard's mutex, but for visits, which anybody may raise.
        uint32_t number = 0;
        uint32_t next_of_file = kNone;
        uint32_t previous_of_file = kNone;
        std::atomic<uint8_t> visits{0};
        uint8_t most_visits = 0;
        bool is_scanned = false;  // waits in scanned_
    };
    static_assert(sizeof(Slot) == 64 && offsetof(Slot, word) == 0);

    /// Open addressing, at most half full. An entry is a slot's address below 16 bits of its hash.
    struct Index {
        explicit Index(size_t size);
        size_t mask;
        std::unique_ptr<std::atomic<uint64_t>[]> entries;
    };

    static void free_erased(Slot& slot);
    Slot& slot_at(uint32_t number);
    Slot& take_slot();
    Slot* find(uint64_t hash, uint64_t file_number, uint64_t offset);
    void index_slot(Index& index, uint64_t hash, Slot& slot);
    void unindex(Slot& slot);
    void grow_index();
    bool make_room(uint64_t charge, BlockUse use, std::vector<char*>& freed);
    bool evict_scanned(std::vector<char*>& freed);
    bool evict_by_clock(std::vector<char*>& freed);
    bool claim(Slot& slot, std::vector<char*>& freed);
    bool free_unheld(Slot& slot, uint64_t state, std::vector<char*>& freed);
    void take_out(Slot& slot);
    Slot& fill_slot(uint64_t file_number, uint64_t offset, const BlockRef& block, BlockUse use);
    void enter_scanned(Slot& slot);
    void leave_scanned(Slot& slot);

    std::atomic<Index*> index_;
    std::atomic<bool> is_full_{false};  // changed under the mutex
    mutable std::mutex mutex_;
    // Guarded by mutex_.
    uint64_t capacity_bytes_ = 0;
    uint64_t scanned_bytes_ = 0;
    Stats stats_;
    std::vector<std::unique_ptr<Index>> indexes_;  // the last one is in use
    std::vector<std::unique_ptr<Slot[]>> chunks_;
    std::vector<uint32_t> free_slots_;
    uint32_t slots_ = 0;
    uint32_t hand_ = 0;
    std::deque<uint32_t> scanned_;  // slot numbers, oldest first; some have moved on
    std::unordered_map<uint64_t, uint32_t> first_of_file_;
};

}  // namespace kv
