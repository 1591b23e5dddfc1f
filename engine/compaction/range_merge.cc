// Range tombstones of rewritten tables: see range_merge.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/range_merge.h"

#include <algorithm>

namespace kv {

namespace {

using Fragment = RangeTombstoneSet::Fragment;

/// `fragment` has been cut to one output.
void keep_piece(const Fragment& fragment, const RangeMergeRules& rules,
                std::vector<RangeTombstone>& kept, uint64_t* forgotten) {
    const auto& boundaries = rules.boundaries;
    for (Seqno seqno = fragment.newest_at(kMaxSeqno); seqno != 0;) {
        const auto own_class = static_cast<size_t>(
            std::lower_bound(boundaries.begin(), boundaries.end(), seqno) - boundaries.begin());
        const bool is_published = own_class < boundaries.size();
        if (own_class == 0 && is_published && rules.may_exist_below &&
            !rules.may_exist_below(fragment.begin, fragment.end)) {
            ++*forgotten;
        } else {
            kept.push_back({std::string(fragment.begin), std::string(fragment.end), seqno});
        }
        // Those of the same class hide the same from the same readers.
        const Seqno next = !is_published    ? seqno - 1
                           : own_class == 0 ? 0
                                            : boundaries[own_class - 1];
        seqno = next == 0 ? 0 : fragment.newest_at(next);
    }
}

}  // namespace

std::vector<RangeTombstone> kept_range_tombstones(const RangeTombstoneSet& all,
                                                  const RangeMergeRules& rules,
                                                  std::optional<Bytes> lower,
                                                  std::optional<Bytes> upper, uint64_t* forgotten) {
    std::vector<RangeTombstone> kept;
    for (size_t i = lower ? all.find(*lower) : 0; i < all.fragments(); ++i) {
        Fragment fragment = all.fragment(i);
        if (upper && fragment.begin >= *upper) break;
        if (lower) fragment.begin = std::max(fragment.begin, *lower);
        if (upper) fragment.end = std::min(fragment.end, *upper);
        if (fragment.begin < fragment.end) keep_piece(fragment, rules, kept, forgotten);
    }
    join_touching(kept);
    return kept;
}

}  // namespace kv
