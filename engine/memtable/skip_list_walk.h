// SkipList::Walk: from entry to entry in order. A list's nodes lie all over the arena, so a walk
// that goes forward fetches those of the next keys while its user is busy with this one's, and
// passes over old versions that nobody wants without touching them.
//
// Thread rule: one thread at a time, any thread, beside the list's writer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/prefetch.h"
#include "memtable/skip_list.h"

namespace kv {

class SkipList::Walk {
  public:
    /// Null when the walk stands nowhere.
    const Node* node() const { return node_; }

    /// To what a search found, or nowhere.
    void jump_to(const Node* node) {
        node_ = node;
        anchor_ = nullptr;
    }
    /// To the newest version of the key that `anchor` came with.
    void enter(const Node& anchor) {
        anchor_ = &anchor;
        node_ = anchor.newest();
    }

    /// To the entry after this one, if any. Requires node().
    void next() {
        if (next_version()) return;
        const Node* const linked = node_->linked();
        if (linked == nullptr) return jump_to(nullptr);
        enter(*linked);
        // The next anchor's header was fetched one key before this one.
        const Node* const after = anchor_->linked();
        if (after == nullptr) return;
        fetch(*after->newest());
        if (const Node* const later = after->linked()) __builtin_prefetch(later);
    }

    /// The same within the chain of this one's key; false, and nothing, at the anchor. Requires
    /// node().
    bool next_version() {
        if (!node_->is_version()) return false;
        node_ = node_->linked();
        return true;
    }

    /// Goes on to the oldest entry with a trailer below `trailer` in the chain that this one is in,
    /// and returns how many steps that is; 0 where there is none further on. O(1) if that is the
    /// anchor, else O(log n). Requires node().
    uint64_t pass_newer_than(uint64_t trailer) {
        if (!node_->is_version()) return 0;
        const uint64_t from = node_->depth();
        node_ = anchor_ != nullptr && anchor_->is_newer_than(trailer) ? anchor_
                                                                      : last_newer(*node_, trailer);
        return from - node_->depth();
    }

    /// Header, links and key, and the beginning of the value.
    static void fetch(const Node& node) {
        prefetch_lines(reinterpret_cast<const char*>(&node), kFetchBytes);
    }

  private:
    static constexpr size_t kFetchBytes = 192;

    const Node* node_ = nullptr;
    const Node* anchor_ = nullptr;  // of the chain that node_ is in; null: not known
};

}  // namespace kv
