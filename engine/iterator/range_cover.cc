// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "iterator/range_cover.h"

namespace kv {

RangeCover::RangeCover(const std::vector<RangeTombstoneSetPtr>& sets, Seqno read_seqno)
    : read_seqno_(read_seqno) {
    for (const RangeTombstoneSetPtr& set : sets) {
        if (set != nullptr && !set->empty()) cursors_.push_back({set, 0});
    }
}

/// Index of the first fragment that ends above `user_key`: near the last one when a walk goes on.
size_t RangeCover::find(Cursor& cursor, Bytes user_key) {
    const RangeTombstoneSet& set = *cursor.set;
    const auto is_it = [&](size_t index) {
        return index <= set.fragments() &&
               (index == set.fragments() || set.fragment(index).end > user_key) &&
               (index == 0 || set.fragment(index - 1).end <= user_key);
    };
    const size_t last = cursor.index;
    if (is_it(last)) return last;
    if (is_it(last + 1)) return cursor.index = last + 1;
    if (last > 0 && is_it(last - 1)) return cursor.index = last - 1;
    return cursor.index = set.find(user_key);
}

void RangeCover::locate(const PrefixedKey& key) {
    located_ = true;
    has_begin_ = has_end_ = false;
    seqno_ = 0;
    const auto raise_begin = [&](Bytes bound) {
        if (has_begin_ && bound <= begin_.key) return;
        begin_ = PrefixedKey(bound);
        has_begin_ = true;
    };
    const auto lower_end = [&](Bytes bound) {
        if (has_end_ && bound >= end_.key) return;
        end_ = PrefixedKey(bound);
        has_end_ = true;
    };
    for (Cursor& cursor : cursors_) {
        const size_t index = find(cursor, key.key);
        if (index > 0) raise_begin(cursor.set->fragment(index - 1).end);
        if (index == cursor.set->fragments()) continue;
        const RangeTombstoneSet::Fragment next = cursor.set->fragment(index);
        if (next.begin > key.key) {
            lower_end(next.begin);
            continue;
        }
        raise_begin(next.begin);
        lower_end(next.end);
        seqno_ = std::max(seqno_, next.newest_at(read_seqno_));
    }
}

}  // namespace kv
