// NodeSort: nodes of a skip list in the order of their keys, before they are linked.
//
// Thread rule: one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "kv/bytes.h"
#include "memtable/skip_list.h"

namespace kv {

class NodeSort {
  public:
    struct Place {
        uint64_t prefix;  ///< Of the key behind what all have in common.
        SkipList::Node* node;
    };

    explicit NodeSort(size_t expected_nodes) { places_.reserve(expected_nodes); }

    /// Requires that no node with this key was added before. Of nodes that lie in memory as they
    /// are added the processor fetches the next ones by itself.
    void add(SkipList::Node& node);
    /// Brings places() into the order of their keys.
    void sort();
    const std::vector<Place>& places() const { return places_; }
    /// Of all keys, a view into one of them; nothing without any.
    Bytes common_prefix() const { return common_prefix_; }

  private:
    void shorten_common_prefix(Bytes common_prefix);
    uint64_t prefix_of(Bytes user_key) const;

    std::vector<Place> places_;
    Bytes common_prefix_;
};

}  // namespace kv
