// SortedFill: fills a memtable from the log. Operations are copied to where they stay as they come,
// and linked all at once, in key order: no search for any place, memory walked forwards, and a
// small part of what the order of the log costs.
//
// Thread rule: one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "memtable/memtable.h"

namespace kv {

class SortedFill {
  public:
    /// Takes a copy of a resolved operation for `memtable`, the one of all operations since the
    /// last pour(), into which nobody else adds and which nobody reads before pour().
    void add(Memtable& memtable, const Op& op, Seqno seqno);
    /// Lets what was added be found. Once a memtable, and before its first use.
    void pour(Memtable& memtable);
    /// What this holds and `memtable` has yet to take for what was added, about.
    size_t bytes() const { return places_.size() * (sizeof(Place) + kIndexBytes); }

  private:
    static constexpr size_t kIndexBytes = 24;  // of a key in a memtable's index, on average
    struct Place {
        uint64_t prefix;  // of the key behind what all have in common
        SkipList::Node* node;
    };

    void shorten_common_prefix(Bytes common_prefix);
    void sort_places();
    uint64_t prefix_of(Bytes user_key) const;

    std::vector<Place> places_;
    Bytes common_prefix_;  // of all keys added, a view into one of them; nothing without any
};

}  // namespace kv
