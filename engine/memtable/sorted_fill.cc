// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/sorted_fill.h"

#include <algorithm>
#include <boost/sort/pdqsort/pdqsort.hpp>

#include "record/key_prefix.h"

namespace kv {

void SortedFill::add(Memtable& memtable, const Op& op, Seqno seqno) {
    if (op.is_range_delete()) return memtable.apply(op, seqno);
    SkipList::Node& node = memtable.make(op, seqno);
    if (places_.empty()) common_prefix_ = node.user_key();
    const Bytes common = common_prefix_of(common_prefix_, op.key);
    if (common.size() < common_prefix_.size()) shorten_common_prefix(common);
    places_.push_back({prefix_of(op.key), &node});
}

/// Happens a few times, most often among the first keys, and no more often than a key has bytes.
void SortedFill::shorten_common_prefix(Bytes common_prefix) {
    common_prefix_ = common_prefix;
    for (Place& place : places_) place.prefix = prefix_of(place.node->user_key());
}

uint64_t SortedFill::prefix_of(Bytes user_key) const {
    return user_key_prefix(user_key.substr(common_prefix_.size()));
}

/// In two steps: what the processor cannot foresee, which of two keys comes first, is then a number
/// that it need not branch upon.
void SortedFill::sort_places() {
    boost::sort::pdqsort_branchless(
        places_.begin(), places_.end(),
        [](const Place& a, const Place& b) { return a.prefix < b.prefix; });
    const auto by_key = [](const Place& a, const Place& b) {
        const int order = a.node->user_key().compare(b.node->user_key());
        return order != 0 ? order < 0 : a.node->trailer() > b.node->trailer();  // older ones first
    };
    for (auto begin = places_.begin(); begin != places_.end();) {
        const auto end = std::find_if(begin + 1, places_.end(), [&](const Place& place) {
            return place.prefix != begin->prefix;
        });
        if (end - begin > 1) std::sort(begin, end, by_key);
        begin = end;
    }
}

void SortedFill::pour(Memtable& memtable) {
    // common_prefix_ would be of the memtable before.
    if (places_.empty()) return;
    sort_places();
    std::vector<SkipList::Node*> nodes(places_.size());
    std::transform(places_.begin(), places_.end(), nodes.begin(),
                   [](const Place& place) { return place.node; });
    places_.clear();
    memtable.link_all(nodes, common_prefix_);
}

}  // namespace kv
