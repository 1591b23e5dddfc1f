// KeyIndex: finds a key's node in a memtable by its hash: one or two cache lines, where a search of
// the skip list touches twenty. It holds no keys, only where their nodes are.
//
// Tables of slots, each four times the one before it, are searched from the newest to the oldest; a
// slot is written once. Nothing is moved when a table fills up, so no writer ever pays for more
// than its own key. Thread rule: one thread puts; any number of threads search meanwhile, without
// locks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "kv/bytes.h"
#include "memtable/skip_list.h"

namespace kv {

class KeyIndex {
  public:
    /// `expected_keys` sizes the first table.
    explicit KeyIndex(uint64_t expected_keys);
    ~KeyIndex();
    KeyIndex(const KeyIndex&) = delete;
    KeyIndex& operator=(const KeyIndex&) = delete;

    /// Differs from process to process: keys chosen to collide in one do not in another, where each
    /// would have to be compared with all the others.
    static uint64_t hash_of(Bytes user_key);

    // Writer only.
    /// The node in the first slot where the key may be, or null: most often the key's own.
    const SkipList::Node* guess(uint64_t hash) const;
    /// Requires that no node of its key was put before.
    void put(uint64_t hash, SkipList::Node* node);

    /// Begins to bring a key's slot into the processor's cache. Any thread.
    void prefetch_slot(uint64_t hash) const;

    /// The node that was put for `user_key`, or null: there is none. Any thread, though only the
    /// writer may change the node. One that is being put meanwhile may be missed.
    SkipList::Node* find(uint64_t hash, Bytes user_key) const;

    /// Any thread.
    size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

  private:
    // A node's address and, in the 16 bits that addresses leave, a part of the hash; 0: free.
    using Slot = std::atomic<uint64_t>;
    struct FreeDeleter {
        void operator()(Slot* slots) const;
    };
    struct Table {
        uint64_t mask;
        std::unique_ptr<Slot[], FreeDeleter> slots;
        std::unique_ptr<Table> older;
        uint64_t used = 0;  // writer only
    };
    static constexpr uint64_t kFirstSlots = 256;

    static uint64_t packed(uint64_t hash, const SkipList::Node* node);
    static SkipList::Node* node_of(uint64_t slot);
    static bool same_tag(uint64_t slot, uint64_t hash);
    void add_table(uint64_t slots);

    std::unique_ptr<Table> owner_;        // of newest_; writer only
    std::atomic<const Table*> newest_{};  // complete when stored
    std::atomic<size_t> memory_bytes_{0};
};

}  // namespace kv
