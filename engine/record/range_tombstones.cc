// Cutting range deletes into fragments, and searching them.
// SPDX-License-Identifier: Apache-2.0
#include "record/range_tombstones.h"

#include <algorithm>
#include <functional>

#include "kv/assert.h"
#include "record/internal_key.h"

namespace kv {

namespace {

/// Where a delete begins or stops to cover keys.
struct Edge {
    Bytes key;
    Seqno seqno;
    bool begins;
};

}  // namespace

Seqno RangeTombstoneSet::Fragment::newest_at(Seqno read_seqno) const {
    const auto it = std::lower_bound(seqnos.begin(), seqnos.end(), read_seqno, std::greater<>());
    return it == seqnos.end() ? 0 : *it;
}

RangeTombstoneSet::Key RangeTombstoneSet::add_key(Bytes key) {
    KV_ASSERT(keys_.size() + key.size() <= UINT32_MAX);
    const Key added{static_cast<uint32_t>(keys_.size()), static_cast<uint32_t>(key.size())};
    keys_.append(key);
    return added;
}

void RangeTombstoneSet::add_piece(Key begin, Key end, std::span<const Seqno> seqnos) {
    if (!pieces_.empty()) {
        // What a table's bound once cut apart grows together again.
        Piece& last = pieces_.back();
        const auto before = std::span(seqnos_).subspan(last.first_seqno, last.seqno_count);
        if (last.end == begin.offset && std::ranges::equal(before, seqnos)) {
            last.end = end.offset;
            last.end_size = end.size;
            return;
        }
    }
    pieces_.push_back({begin.offset, begin.size, end.offset, end.size,
                       static_cast<uint32_t>(seqnos_.size()),
                       static_cast<uint32_t>(seqnos.size())});
    seqnos_.insert(seqnos_.end(), seqnos.begin(), seqnos.end());
}

RangeTombstoneSetPtr RangeTombstoneSet::build(std::vector<RangeTombstone> tombstones) {
    std::vector<Edge> edges;
    edges.reserve(2 * tombstones.size());
    std::shared_ptr<RangeTombstoneSet> set(new RangeTombstoneSet);
    for (const RangeTombstone& tombstone : tombstones) {
        KV_ASSERT(tombstone.begin < tombstone.end && tombstone.seqno != 0);
        edges.push_back({tombstone.begin, tombstone.seqno, true});
        edges.push_back({tombstone.end, tombstone.seqno, false});
        set->largest_seqno_ = std::max(set->largest_seqno_, tombstone.seqno);
    }
    std::sort(edges.begin(), edges.end(),
              [](const Edge& a, const Edge& b) { return a.key < b.key; });

    std::vector<Seqno> active;  // newest first; a seqno may be there more than once
    std::vector<Seqno> distinct;
    Key at{};  // where the fragment being formed begins
    for (size_t i = 0; i < edges.size();) {
        const Bytes key = edges[i].key;
        const Key here = set->add_key(key);
        if (!active.empty()) {
            distinct.clear();
            std::ranges::unique_copy(active, std::back_inserter(distinct));
            set->add_piece(at, here, distinct);
        }
        for (; i < edges.size() && edges[i].key == key; ++i) {
            const auto place =
                std::lower_bound(active.begin(), active.end(), edges[i].seqno, std::greater<>());
            if (edges[i].begins) {
                active.insert(place, edges[i].seqno);
            } else if (place != active.end() && *place == edges[i].seqno) {
                active.erase(place);
            } else {
                KV_ASSERT(false && "a range delete ends that never began");
            }
        }
        at = here;
    }
    KV_ASSERT(active.empty());
    return set;
}

RangeTombstoneSetPtr RangeTombstoneSet::merge(std::span<const RangeTombstoneSetPtr> sets) {
    RangeTombstoneSetPtr only;
    std::vector<RangeTombstone> all;
    size_t count = 0;
    for (const RangeTombstoneSetPtr& set : sets) {
        if (set == nullptr || set->empty()) continue;
        only = set;
        ++count;
    }
    if (count <= 1) return only;
    for (const RangeTombstoneSetPtr& set : sets)
        if (set != nullptr) set->append_to(all);
    return build(std::move(all));
}

RangeTombstoneSet::Fragment RangeTombstoneSet::fragment(size_t index) const {
    const Piece& piece = pieces_[index];
    return {key(piece.begin, piece.begin_size), key(piece.end, piece.end_size),
            std::span(seqnos_).subspan(piece.first_seqno, piece.seqno_count)};
}

size_t RangeTombstoneSet::find(Bytes user_key) const {
    const auto it = std::partition_point(pieces_.begin(), pieces_.end(), [&](const Piece& piece) {
        return key(piece.end, piece.end_size) <= user_key;
    });
    return static_cast<size_t>(it - pieces_.begin());
}

Seqno RangeTombstoneSet::covering(Bytes user_key, Seqno read_seqno) const {
    const size_t index = find(user_key);
    if (index == pieces_.size()) return 0;
    const Fragment found = fragment(index);
    return found.begin <= user_key ? found.newest_at(read_seqno) : 0;
}

void RangeTombstoneSet::append_to(std::vector<RangeTombstone>& out) const {
    for (size_t i = 0; i < pieces_.size(); ++i) {
        const Fragment piece = fragment(i);
        for (const Seqno seqno : piece.seqnos)
            out.push_back({std::string(piece.begin), std::string(piece.end), seqno});
    }
}

size_t RangeTombstoneSet::memory_bytes() const {
    return sizeof *this + keys_.capacity() + seqnos_.capacity() * sizeof(Seqno) +
           pieces_.capacity() * sizeof(Piece);
}

std::string make_exclusive_bound(Bytes end) {
    return make_internal_key(end, kMaxSeqno, static_cast<Kind>(0xFF));
}

bool is_exclusive_bound(Bytes internal_key) { return trailer_of(internal_key) == 0; }

}  // namespace kv
