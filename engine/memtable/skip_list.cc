// The skip list's search and insertion. The invariants are in the header.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/skip_list.h"

#include <algorithm>
#include <array>
#include <bit>
#include <new>

#include "kv/assert.h"
#include "record/key_prefix.h"

namespace kv {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

}  // namespace

/// What a search looks for.
struct SkipList::Target {
    Target(const SkipList& list, Bytes key, uint64_t key_trailer)
        : user_key(key), trailer(key_trailer), hint(list.hint_of(key)) {}

    /// True if `node` sorts before this.
    bool is_after(const Node& node) const {
        const int order = node.user_key().compare(user_key);
        return order != 0 ? order < 0 : node.is_newer_than(trailer);
    }

    const Bytes user_key;
    const uint64_t trailer;
    const uint64_t hint;
};

SkipList::SkipList(Arena& arena, Bytes common_prefix)
    : arena_(arena), common_prefix_(common_prefix), head_(new_node(kMaxHeight, 0, 0)) {
    std::fill_n(finger_, kMaxHeight, Finger{head_, 0});
}

uint64_t SkipList::hint_of(Bytes user_key) const {
    const size_t skip = common_prefix_.size();
    if (skip != 0) {
        const int order = user_key.substr(0, skip).compare(common_prefix_);
        if (order != 0) return order < 0 ? 0 : UINT64_MAX;
        user_key.remove_prefix(skip);
    }
    return user_key_prefix(user_key);
}

SkipList::Node* SkipList::new_node(int height, size_t key_size, size_t value_size) {
    const auto levels = static_cast<size_t>(height);
    char* memory = arena_.allocate(sizeof(Node) + levels * sizeof(Link) + key_size + value_size);
    Node* node = new (memory) Node(height, key_size, value_size);
    for (size_t i = 0; i < levels; ++i) new (node->links() + i) Link;
    return node;
}

SkipList::Node* SkipList::new_entry(int height, Bytes user_key, uint64_t trailer, Bytes head,
                                    Bytes tail) {
    KV_ASSERT(user_key.size() <= kMaxKeyBytes);
    KV_ASSERT(head.size() + tail.size() <= kMaxValueBytes + kExpiryBytes);
    Node* node = new_node(height, user_key.size() + kTrailerBytes, head.size() + tail.size());
    char* p = node->key_data();
    p = std::copy(user_key.begin(), user_key.end(), p);
    store_big_endian64(p, trailer);
    p = std::copy(head.begin(), head.end(), p + kTrailerBytes);
    std::copy(tail.begin(), tail.end(), p);
    return node;
}

int SkipList::random_height() {
    static_assert(kBranching == 2, "one random bit a level");
    // The bit at the top of the range bounds the height.
    return 1 + std::countr_zero(random_.next() | 1ULL << (kMaxHeight - 1));
}

bool SkipList::finger_brackets(const Target& target, int level) const {
    const Finger& finger = finger_[level];
    if (finger.node != head_) {
        if (finger.hint > target.hint) return false;
        if (finger.hint == target.hint && !target.is_after(*finger.node)) return false;
    }
    const Link& link = finger.node->links()[level];
    const uint64_t hint = link.hint.load(kRelaxed);
    if (hint != target.hint) return hint > target.hint;
    const Node* next = link.next.load(kRelaxed);
    return next == nullptr || !target.is_after(*next);
}

void SkipList::move_finger(const Target& target) {
    // A key near the last one is found by climbing a few levels instead of starting at the top;
    // for any other the nodes climbed through are still in the processor's cache.
    const int top = height_.load(kRelaxed);
    int level = 0;
    while (level < top && !finger_brackets(target, level)) ++level;
    if (level == 0) return;
    Finger at{head_, 0};
    if (level < top) at = finger_[level];
    const Node* known_after = nullptr;  // saves comparing the same node again one level down
    while (--level >= 0) {
        while (true) {
            const Link& link = at.node->links()[level];
            const uint64_t hint = link.hint.load(kRelaxed);
            if (hint > target.hint) break;
            Node* next = link.next.load(kRelaxed);
            if (hint == target.hint) {
                if (next == nullptr || next == known_after) break;
                if (!target.is_after(*next)) {
                    known_after = next;
                    break;
                }
            }
            at = {next, hint};
        }
        finger_[level] = at;
    }
}

void SkipList::prefetch_places(std::span<const Bytes> user_keys) const {
    KV_ASSERT(user_keys.size() <= kTogether);
    struct Search {
        const Node* node;
        int level;
        uint64_t hint;
    };
    std::array<Search, kTogether> searches;
    size_t running = 0;
    const int top = height_.load(kRelaxed) - 1;
    const uint64_t from = finger_[0].hint;
    const uint64_t to = finger_[0].node->links()[0].hint.load(kRelaxed);
    for (const Bytes key : user_keys) {
        const uint64_t hint = hint_of(key);
        // Keys that come in order need no search.
        if (hint < from || hint > to) searches[running++] = {head_, top, hint};
    }
    while (running != 0) {
        for (size_t i = 0; i < running;) {
            Search& search = searches[i];
            const Link* links = search.node->links();
            while (search.level >= 0 && links[search.level].hint.load(kRelaxed) >= search.hint)
                --search.level;
            if (search.level < 0) {
                // link() compares with this key.
                __builtin_prefetch(search.node->key_data());
                search = searches[--running];
                continue;
            }
            search.node = links[search.level].next.load(kRelaxed);
            __builtin_prefetch(search.node->links() + search.level, 1);
            ++i;
        }
    }
}

void SkipList::link_behind_finger(Node& node, uint64_t hint) {
    const int height = static_cast<int>(node.height());
    if (height > height_.load(kRelaxed)) height_.store(height, kRelaxed);
    for (int level = 0; level < height; ++level) {
        Link& link = finger_[level].node->links()[level];
        Link& own = node.links()[level];
        // The node may be known by its key already, and whoever comes from it goes on to the next.
        own.next.store(link.next.load(kRelaxed), kRelease);
        own.hint.store(link.hint.load(kRelaxed), kRelaxed);
        link.next.store(&node, kRelease);  // invariant 4: before the hint
        link.hint.store(hint, kRelease);
        finger_[level] = {&node, hint};
    }
}

SkipList::Node& SkipList::make(Bytes user_key, uint64_t trailer, Bytes head, Bytes tail) {
    return *new_entry(random_height(), user_key, trailer, head, tail);
}

void SkipList::link(Node& node) {
    const Target target(*this, node.user_key(), node.trailer());
    move_finger(target);
    link_behind_finger(node, target.hint);
}

void SkipList::set_common_prefix(Bytes common_prefix) {
    KV_ASSERT(first() == nullptr);
    common_prefix_ = common_prefix;
}

void SkipList::add_version(Node& anchor, uint64_t trailer, Bytes head, Bytes tail) {
    KV_ASSERT(trailer < anchor.trailer());
    Node& node = *new_entry(1, anchor.user_key(), trailer, head, tail);
    node.shape_ |= Node::kVersionBit;
    Node* newer = nullptr;
    Node* older = anchor.peer_.load(kRelaxed);
    if (older == nullptr) older = &anchor;
    while (older->is_newer_than(trailer)) {  // out of order: never in the life of a store
        newer = older;
        older = older->links()[0].next.load(kRelaxed);
    }
    // Two jumps of the same length make one of both.
    const auto* far = older->far_older();
    const auto* farther = far->far_older();
    const bool joins =
        older != &anchor && older->depth() - far->depth() == far->depth() - farther->depth();
    node.peer_.store(const_cast<Node*>(joins ? farther : older), kRelaxed);
    node.links()[0].next.store(older, kRelaxed);
    node.links()[0].hint.store(older->depth() + 1, kRelaxed);
    (newer == nullptr ? anchor.peer_ : newer->links()[0].next).store(&node, kRelease);
}

const SkipList::Node* SkipList::Node::version_at_or_after(uint64_t trailer) const {
    const Node* node = newest();
    while (node->is_newer_than(trailer)) {
        if (node == this) return nullptr;
        const Node* far = node->far_older();
        node = far->is_newer_than(trailer) ? far : node->linked();
    }
    return node;
}

/// The last node that sorts before the target, or the head. Entries inserted meanwhile may lie
/// between it and the target.
const SkipList::Node* SkipList::seek(const Target& target) const {
    const Node* node = head_;
    const Node* known_after = nullptr;
    for (int level = height_.load(kRelaxed) - 1; level >= 0;) {
        const Link& link = node->links()[level];
        const uint64_t hint = link.hint.load(kAcquire);
        if (hint > target.hint) {
            --level;
            continue;
        }
        const Node* next = link.next.load(kAcquire);
        if (hint < target.hint) {
            node = next;
        } else if (next == nullptr || next == known_after || !target.is_after(*next)) {
            known_after = next;
            --level;
        } else {
            node = next;
        }
    }
    return node;
}

const SkipList::Node* SkipList::first_at_or_after(Bytes user_key, uint64_t trailer) const {
    const Target target(*this, user_key, trailer);
    const Node* node = seek(target)->linked();
    while (node != nullptr && target.is_after(*node)) node = node->linked();
    if (node == nullptr) return nullptr;
    const Node* newest = node->newest();
    // The chain counts only for the target's own key.
    if (newest == node || node->user_key() != user_key) return newest;
    return node->version_at_or_after(trailer);
}

/// From `version`, which is newer than `trailer` says, the oldest in its chain that is so too.
const SkipList::Node* SkipList::last_newer(const Node& version, uint64_t trailer) {
    const Node* node = &version;
    while (node->is_version()) {
        const Node* far = node->far_older();
        const Node* next = far->is_newer_than(trailer) ? far : node->linked();
        if (!next->is_newer_than(trailer)) break;
        node = next;
    }
    return node;
}

const SkipList::Node* SkipList::last_before(Bytes user_key, uint64_t trailer) const {
    const Target target(*this, user_key, trailer);
    const Node* before = seek(target);
    // The next one's key may be the target's, and versions in its chain sort before the target.
    const Node* anchor = before->linked();
    for (; anchor != nullptr && target.is_after(*anchor); anchor = anchor->linked())
        before = anchor;
    if (anchor != nullptr) {
        const Node* node = anchor->newest();
        if (node != anchor && node->is_newer_than(trailer) && node->user_key() == user_key)
            return last_newer(*node, trailer);
    }
    return before == head_ ? nullptr : before;
}

const SkipList::Node* SkipList::first() const { return head_->next(); }

const SkipList::Node* SkipList::last() const {
    const Node* node = head_;
    for (int level = height_.load(kRelaxed) - 1; level >= 0;) {
        const Node* next = node->links()[level].next.load(kAcquire);
        if (next != nullptr)
            node = next;
        else
            --level;
    }
    return node == head_ ? nullptr : node;
}

}  // namespace kv
