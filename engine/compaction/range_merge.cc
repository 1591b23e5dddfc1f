// Range tombstones of rewritten tables: see range_merge.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/range_merge.h"

#include <algorithm>

namespace kv {

namespace {

/// A fragment's part of one output.
struct Piece {
    Bytes begin, end;
    std::span<const Seqno> seqnos;
};

void keep_piece(const Piece& piece, const RangeMergeRules& rules, std::vector<RangeTombstone>& kept,
                uint64_t* forgotten) {
    const auto& boundaries = rules.boundaries;
    size_t last_class = SIZE_MAX;
    for (const Seqno seqno : piece.seqnos) {
        const auto own_class = static_cast<size_t>(
            std::lower_bound(boundaries.begin(), boundaries.end(), seqno) - boundaries.begin());
        const bool is_published = own_class < boundaries.size();
        if (is_published && own_class == last_class) continue;  // a newer one hides the same
        last_class = own_class;
        if (own_class == 0 && is_published && rules.may_exist_below &&
            !rules.may_exist_below(piece.begin, piece.end)) {
            ++*forgotten;
            continue;
        }
        kept.push_back({std::string(piece.begin), std::string(piece.end), seqno});
    }
}

}  // namespace

std::vector<RangeTombstone> kept_range_tombstones(const RangeTombstoneSet& all,
                                                  const RangeMergeRules& rules,
                                                  std::optional<Bytes> lower,
                                                  std::optional<Bytes> upper, uint64_t* forgotten) {
    std::vector<RangeTombstone> kept;
    for (size_t i = lower ? all.find(*lower) : 0; i < all.fragments(); ++i) {
        const RangeTombstoneSet::Fragment fragment = all.fragment(i);
        if (upper && fragment.begin >= *upper) break;
        Piece piece{fragment.begin, fragment.end, fragment.seqnos};
        if (lower) piece.begin = std::max(piece.begin, *lower);
        if (upper) piece.end = std::min(piece.end, *upper);
        if (piece.begin < piece.end) keep_piece(piece, rules, kept, forgotten);
    }
    return kept;
}

}  // namespace kv
