// LazyList: a skip list in which a new key takes its place when somebody wants to see the keys in
// order. A memtable finds keys by their hash, so most are written, read, overwritten and flushed
// without a single search of the list: whoever walks sorts what waits and links it in one sweep.
// Where walks keep coming, keys are put in their place as they come.
//
// Thread rule: one thread adds, without waiting for anybody; any number of threads ask for the
// order meanwhile.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "base/arena.h"
#include "kv/bytes.h"
#include "memtable/node_sort.h"
#include "memtable/skip_list.h"

namespace kv {

class LazyList {
  public:
    using Node = SkipList::Node;

    /// As for SkipList; so many of the first keys are linked as they come.
    LazyList(Arena& arena, Bytes common_prefix, uint64_t prompt_keys)
        : arena_(arena), list_(arena, common_prefix), prompt_keys_(prompt_keys) {}
    LazyList(const LazyList&) = delete;
    LazyList& operator=(const LazyList&) = delete;

    // Writer only.

    /// Adds a copy of a key that is not here yet; the value is `head` followed by `tail`.
    Node& add_key(Bytes user_key, uint64_t trailer, Bytes head, Bytes tail);
    /// Adds another version of a key; `anchor` is what add_key() returned for it, and no other
    /// version of it has this trailer.
    void add_version(Node& anchor, uint64_t trailer, Bytes head, Bytes tail);
    /// See SkipList; keys whose places nobody looks for cost nothing.
    void prefetch_places(std::span<const Bytes> user_keys);
    /// Views into the arena; empty without keys.
    Bytes smallest_key() const { return smallest_key_; }
    Bytes largest_key() const { return largest_key_; }

    // Any thread.

    /// The list with all that was added before this call, as far as the caller can know of it. Of
    /// what is added meanwhile and later some may be missing. O(n log n) in waiting(), for one
    /// caller at a time. Since walks seldom come alone, as many keys as there are now will be
    /// linked as they come: a walk among them waits for nothing.
    const SkipList& in_order();
    /// For one walk over a list that nobody adds to any more: all keys in order, by the nodes that
    /// they came with; nobody waits for it. Nothing where in_order() has less to do.
    std::optional<NodeSort> sorted() const;
    /// Keys that in_order() would have to link.
    uint64_t waiting() const;
    /// So many of the next keys are linked as they come.
    uint64_t prompt_keys() const { return prompt_keys_.load(std::memory_order_relaxed); }
    uint64_t keys() const { return keys_.load(std::memory_order_relaxed); }

  private:
    /// Fewer keys say nothing about what those to come begin with.
    static constexpr uint64_t kTellingKeys = 64;

    /// What waits, in the order of its coming.
    struct Chunk {
        static constexpr uint64_t kNodes = 127;
        std::atomic<Chunk*> next{nullptr};
        Node* nodes[kNodes];
    };

    void append(Node& node);
    void link_waiting();
    /// Of the keys that were appended those from `from` to `to`; `at` is where `from` stands, as
    /// at_.
    NodeSort gather(const Chunk*& at, uint64_t from, uint64_t to) const;

    Arena& arena_;  // writer only
    SkipList list_;
    std::atomic<uint64_t> prompt_keys_;
    std::atomic<uint64_t> keys_{0};
    std::atomic<bool> all_appended_{true};  // nothing was linked by the writer
    // Writer only.
    Bytes smallest_key_, largest_key_;
    Chunk* last_ = nullptr;

    std::atomic<Chunk*> first_{nullptr};
    std::atomic<uint64_t> appended_{0};  // stored by the writer, when the node is in its chunk

    std::mutex linking_;                // whoever holds it links
    std::atomic<uint64_t> linked_{0};   // of those appended
    const Chunk* at_ = nullptr;         // where linked_ stands; null: before the first
    std::atomic<bool> is_lent_{false};  // somebody may be searching the list
};

}  // namespace kv
