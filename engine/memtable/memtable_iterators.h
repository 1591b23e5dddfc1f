// The walks over a memtable's entries.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "iterator/internal_iterator.h"
#include "memtable/node_sort.h"
#include "memtable/skip_list.h"

namespace kv {

/// Both ways and from anywhere, over a list that goes on living and growing.
std::unique_ptr<InternalIterator> new_list_iterator(const SkipList& list);

/// Once and forwards, from the first entry on: the other moves are not allowed. `nodes` are sorted,
/// those that their keys came with, and the oldest of each; the list goes on living.
std::unique_ptr<InternalIterator> new_sorted_iterator(NodeSort nodes);

}  // namespace kv
