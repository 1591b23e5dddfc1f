// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/node_sort.h"

#include <algorithm>
#include <boost/sort/pdqsort/pdqsort.hpp>

#include "record/key_prefix.h"

namespace kv {

void NodeSort::add(SkipList::Node& node) {
    const Bytes key = node.user_key();
    if (places_.empty()) common_prefix_ = key;
    const Bytes common = common_prefix_of(common_prefix_, key);
    if (common.size() < common_prefix_.size()) shorten_common_prefix(common);
    places_.push_back({prefix_of(key), &node});
}

/// Happens a few times, most often among the first keys, and no more often than a key has bytes.
void NodeSort::shorten_common_prefix(Bytes common_prefix) {
    common_prefix_ = common_prefix;
    for (Place& place : places_) place.prefix = prefix_of(place.node->user_key());
}

uint64_t NodeSort::prefix_of(Bytes user_key) const {
    return user_key_prefix(user_key.substr(common_prefix_.size()));
}

/// In two steps: what the processor cannot foresee, which of two keys comes first, is then a number
/// that it need not branch upon.
void NodeSort::sort() {
    boost::sort::pdqsort_branchless(
        places_.begin(), places_.end(),
        [](const Place& a, const Place& b) { return a.prefix < b.prefix; });
    const auto by_key = [](const Place& a, const Place& b) {
        return a.node->user_key() < b.node->user_key();
    };
    for (auto begin = places_.begin(); begin != places_.end();) {
        const auto end = std::find_if(begin + 1, places_.end(), [&](const Place& place) {
            return place.prefix != begin->prefix;
        });
        if (end - begin > 1) std::sort(begin, end, by_key);
        begin = end;
    }
}

}  // namespace kv
