// SkipList: the sorted structure inside a memtable. Nodes live in an arena; nothing is ever
// removed.
//
// Thread rule: one thread inserts; any number of threads search and walk meanwhile, without locks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/arena.h"
#include "base/random.h"
#include "kv/bytes.h"
#include "record/internal_key.h"

namespace kv {

// Every link carries, beside the pointer, a hint of the user key that it leads to: 8 bytes of it as
// a big-endian integer, padded with zeros, all ones at the end of the list. They are the bytes
// behind the common prefix that the list was made for; a key without that prefix has the hint 0
// when it sorts before it and all ones when after. So hints never contradict the order of keys, and
// most steps of a search are decided by them alone, in the node that the search already stands on.
//
// Invariants:
//  1. Level 0 links all nodes in internal-key order; level i+1 links a subset of level i.
//  2. A node's key, value and height never change once a link to it is published, and its
//     memory lives as long as the arena: a reader may keep a node pointer that long.
//  3. Only the writer stores to links. A new node's own links are complete before it is linked.
//  4. Per link the writer stores the pointer first and then the hint, both with release. Readers
//     load the hint first, then the pointer, both with acquire. Between two nodes only smaller
//     ones are ever linked in, so the pointer loaded leads to a key whose own hint is <= this one:
//     a hint below the target allows a step; a hint above it allows going down. What a reader
//     misses that way was being inserted during the search, above every seqno it may read.
//  5. The finger belongs to the writer: finger_[i] is the last node of level i that sorts before
//     the key inserted last, or that key's own node.
class SkipList {
  public:
    /// With hints only steps forward touch another node, so a branching of 2 touches the fewest.
    static constexpr uint32_t kBranching = 2;
    static constexpr int kMaxHeight = 20;

    class Node;

    /// `common_prefix` is what most keys are expected to begin with; any will do, and keys without
    /// it are fine.
    SkipList(Arena& arena, Bytes common_prefix);
    SkipList(const SkipList&) = delete;
    SkipList& operator=(const SkipList&) = delete;

    struct Inserted {
        const Node* node;
        bool is_newest;  ///< No version of the key sorts before it.
    };
    /// Inserts a copy; the value is `head` followed by `tail`. Requires that (user_key, trailer) is
    /// not present. Writer only.
    Inserted insert(Bytes user_key, uint64_t trailer, Bytes head, Bytes tail);

    // The rest from any thread. Null means there is none.

    const Node* first_at_or_after(Bytes user_key, uint64_t trailer) const;
    const Node* last_before(Bytes user_key, uint64_t trailer) const;
    const Node* first() const;
    const Node* last() const;

  private:
    struct Link;
    struct Target;
    struct Finger {
        Node* node;
        uint64_t hint;
    };

    uint64_t hint_of(Bytes user_key) const;
    Node* new_node(int height, size_t key_size, size_t value_size);
    int random_height();
    bool finger_brackets(const Target& target, int level) const;
    void move_finger(const Target& target);
    const Node* seek(const Target& target) const;

    Arena& arena_;
    const std::string common_prefix_;
    Node* const head_;  // holds no key; sorts before everything
    std::atomic<int> height_{1};
    // Writer only.
    Finger finger_[kMaxHeight];
    Random random_{0};  // fixed, so that one history gives one list
};

struct SkipList::Link {
    std::atomic<Node*> next{nullptr};
    std::atomic<uint64_t> hint{UINT64_MAX};
};

/// A node's header; its links, internal key and value follow it in the arena.
class SkipList::Node {
  public:
    Bytes internal_key() const { return {key_data(), key_size()}; }
    Bytes user_key() const { return {key_data(), key_size() - kTrailerBytes}; }
    uint64_t trailer() const { return load_big_endian64(key_data() + key_size() - kTrailerBytes); }
    Bytes value() const { return {key_data() + key_size(), value_size_}; }
    /// The node after this one, or null.
    const Node* next() const { return links()[0].next.load(std::memory_order_acquire); }

  private:
    friend class SkipList;
    Node(int height, size_t key_size, size_t value_size)
        : value_size_(static_cast<uint32_t>(value_size)),
          shape_(static_cast<uint32_t>(key_size << 8) | static_cast<uint32_t>(height)) {}

    size_t key_size() const { return shape_ >> 8; }
    size_t height() const { return shape_ & 0xFF; }
    Link* links() { return reinterpret_cast<Link*>(this + 1); }
    const Link* links() const { return reinterpret_cast<const Link*>(this + 1); }
    const char* key_data() const { return reinterpret_cast<const char*>(links() + height()); }
    char* key_data() { return reinterpret_cast<char*>(links() + height()); }

    const uint32_t value_size_;
    const uint32_t shape_;  // bytes of the internal key << 8 | height
};

}  // namespace kv
