// SkipList: the sorted structure inside a memtable. Nodes live in an arena; nothing is ever
// removed. The list proper holds one node a key; what is written to the key again hangs in a chain
// off that node, and costs no search of the list.
//
// Thread rule: one thread at a time makes nodes and adds versions, and one links, perhaps another;
// any number of threads search and walk meanwhile, without locks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
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
// Versions: the node that a key came with is its anchor. A newer version is no part of the levels
// but the first of the anchor's chain, which leads from the newest to the older ones and ends at
// the anchor. Each version also knows one far below it (Myers' skew-binary jump pointers), so the
// chain of a counter is searched in O(log n) steps, from a snapshot of long ago too. Whoever comes
// to an anchor over a link of level 0 goes on at the newest of its chain.
//
// Invariants:
//  1. Level 0 links all nodes but the versions in chains in internal-key order; level i+1 links a
//     subset of level i. All versions in an anchor's chain are newer than the anchor.
//  2. A node's key, value and height never change once a link to it is published, and its
//     memory lives as long as the arena: a reader may keep a node pointer that long.
//  3. Links are stored to by who links, and those of chains by who adds versions. A new node's own
//     links are complete before it is linked. A chain's links lead to older versions only, so a
//     search that has passed a version stays right when another is put between.
//  4. Per link the pointer is stored first and then the hint, both with release. Readers load the
//     hint first, then the pointer, both with acquire. Between two nodes only smaller ones are ever
//     linked in, so the pointer loaded leads to a key whose own hint is <= this one: a hint below
//     the target allows a step; a hint above it allows going down. What a reader misses that way
//     was being linked during the search, so nobody has told the reader to expect it.
//  5. The finger belongs to who links: finger_[i] is the last node of level i that sorts before the
//     key linked last, or that key's own node.
class SkipList {
  public:
    /// With hints only steps forward touch another node, so a branching of 2 touches the fewest.
    static constexpr uint32_t kBranching = 2;
    static constexpr int kMaxHeight = 20;

    class Node;
    class Walk;  // skip_list_walk.h

    /// `common_prefix` is what most keys are expected to begin with; any will do, and keys without
    /// it are fine.
    SkipList(Arena& arena, Bytes common_prefix);
    SkipList(const SkipList&) = delete;
    SkipList& operator=(const SkipList&) = delete;

    /// A copy that no search finds before it is linked; the value is `head` followed by `tail`.
    /// Thread that makes nodes only.
    Node& make(Bytes user_key, uint64_t trailer, Bytes head, Bytes tail);
    /// Requires that no node with this key and trailer is linked, and that it is not newer than a
    /// version in a chain. Thread that links only.
    void link(Node& node);

    /// Adds another version of the key that `anchor`, linked or not, came with; constant time when
    /// it is the newest. Requires that `anchor` is the only one used for its key, and that
    /// `trailer` is newer than its own. Thread that makes nodes only.
    void add_version(Node& anchor, uint64_t trailer, Bytes head, Bytes tail);

    /// What keys are expected to begin with after all. Requires that no node is linked yet, and
    /// that nobody searches.
    void set_common_prefix(Bytes common_prefix);

    /// Begins to bring what comparing and replacing `node` touches into the processor's cache.
    static void prefetch(const Node& node) {
        __builtin_prefetch(&node, 1);
        __builtin_prefetch(reinterpret_cast<const char*>(&node) + 64, 1);
    }

    /// The same for what else linking a version in front of `newest` looks at.
    static void prefetch_older(const Node& newest);

    /// So many are looked for at once by prefetch_places().
    static constexpr size_t kTogether = 64;
    /// Goes to the places of these keys, kTogether at most, a step of each in turn: what link()
    /// will touch is then in the processor's cache, and the waits for memory were one beside the
    /// other. Thread that links only.
    void prefetch_places(std::span<const Bytes> user_keys) const;

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
    Node* new_entry(int height, Bytes user_key, uint64_t trailer, Bytes head, Bytes tail);
    int random_height();
    bool finger_brackets(const Target& target, int level) const;
    void move_finger(const Target& target);
    void link_behind_finger(Node& node, uint64_t hint);
    const Node* seek(const Target& target) const;
    static const Node* last_newer(const Node& version, uint64_t trailer);

    Arena& arena_;
    std::string common_prefix_;  // fixed once a node is linked
    Node* const head_;           // holds no key; sorts before everything
    std::atomic<int> height_{1};
    Finger finger_[kMaxHeight];  // thread that links only
    Random random_{0};  // thread that makes nodes only; fixed, so that one history gives one list
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
    /// The entry after this one, or null.
    const Node* next() const {
        const Node* node = linked();
        return node == nullptr || is_version() ? node : node->newest();
    }
    /// Of an anchor: the newest version of its key that is not older than itself.
    const Node* newest() const {
        const Node* version = peer_.load(std::memory_order_acquire);
        return version == nullptr ? this : version;
    }
    /// Of an anchor: the newest version in its chain, itself included, that is not newer than
    /// `trailer` says; null when all are. O(log n).
    const Node* version_at_or_after(uint64_t trailer) const;

  private:
    friend class SkipList;
    friend class Walk;
    static constexpr uint32_t kVersionBit = 0x80;

    Node(int height, size_t key_size, size_t value_size)
        : value_size_(static_cast<uint32_t>(value_size)),
          shape_(static_cast<uint32_t>(key_size << 8) | static_cast<uint32_t>(height)) {}

    size_t key_size() const { return shape_ >> 8; }
    size_t height() const { return shape_ & 0x7F; }
    bool is_version() const { return (shape_ & kVersionBit) != 0; }
    Link* links() { return reinterpret_cast<Link*>(this + 1); }
    const Link* links() const { return reinterpret_cast<const Link*>(this + 1); }
    const char* key_data() const { return reinterpret_cast<const char*>(links() + height()); }
    char* key_data() { return reinterpret_cast<char*>(links() + height()); }

    /// Where the link of level 0 leads: for a version to the next older one, else to the node with
    /// the next key.
    const Node* linked() const { return links()[0].next.load(std::memory_order_acquire); }
    // Of versions and anchors: an older one far away (of an anchor: itself), and how many there
    // are.
    const Node* far_older() const {
        return is_version() ? peer_.load(std::memory_order_relaxed) : this;
    }
    uint64_t depth() const {
        return is_version() ? links()[0].hint.load(std::memory_order_relaxed) : 0;
    }
    bool is_newer_than(uint64_t trailer_of_other) const { return trailer() < trailer_of_other; }

    const uint32_t value_size_;
    uint32_t shape_;  // bytes of the internal key << 8 | kVersionBit | height
    // Of an anchor: the newest of its chain, or null. Of a version: one far below it.
    std::atomic<Node*> peer_{nullptr};
};

inline void SkipList::prefetch_older(const Node& newest) { __builtin_prefetch(newest.far_older()); }

}  // namespace kv
