// Cutting range deletes into fragments, and searching them.
// SPDX-License-Identifier: Apache-2.0
#include "record/range_tombstones.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <tuple>

#include "kv/assert.h"
#include "record/internal_key.h"

namespace kv {

void join_touching(std::vector<RangeTombstone>& tombstones) {
    if (tombstones.size() < 2) return;
    const auto order = [](const RangeTombstone& a, const RangeTombstone& b) {
        return std::tie(a.seqno, a.begin) < std::tie(b.seqno, b.begin);
    };
    if (!std::is_sorted(tombstones.begin(), tombstones.end(), order))
        std::sort(tombstones.begin(), tombstones.end(), order);
    size_t last = 0;
    for (size_t i = 1; i < tombstones.size(); ++i) {
        RangeTombstone& before = tombstones[last];
        RangeTombstone& next = tombstones[i];
        if (next.seqno == before.seqno && next.begin <= before.end) {
            if (before.end < next.end) before.end = std::move(next.end);
        } else if (++last != i) {
            tombstones[last] = std::move(next);
        }
    }
    tombstones.resize(last + 1);
}

RangeTombstoneSetPtr RangeTombstoneSet::build(std::vector<RangeTombstone> tombstones) {
    std::shared_ptr<RangeTombstoneSet> set(new RangeTombstoneSet);
    for (const RangeTombstone& tombstone : tombstones) {
        KV_ASSERT(tombstone.begin < tombstone.end && tombstone.seqno != 0);
        set->largest_seqno_ = std::max(set->largest_seqno_, tombstone.seqno);
    }
    if (tombstones.empty()) return set;
    join_touching(tombstones);
    const std::vector<Span> spans = set->cut_apart(tombstones);
    set->find_covered(spans);
    set->plant_tree(spans);
    return set;
}

/// Fills in the cuts, and tells which intervals each delete covers, in the order of the deletes.
std::vector<RangeTombstoneSet::Span> RangeTombstoneSet::cut_apart(
    const std::vector<RangeTombstone>& tombstones) {
    std::vector<Bytes> keys;
    keys.reserve(2 * tombstones.size());
    for (const RangeTombstone& tombstone : tombstones) {
        keys.push_back(tombstone.begin);
        keys.push_back(tombstone.end);
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    KV_ASSERT(keys.size() < UINT32_MAX);
    cuts_.reserve(keys.size());
    for (const Bytes key : keys) {
        cuts_.push_back({keys_.size(), static_cast<uint32_t>(key.size())});
        keys_.append(key);
    }
    const auto cut_of = [&](Bytes key) {
        return static_cast<uint32_t>(std::lower_bound(keys.begin(), keys.end(), key) -
                                     keys.begin());
    };
    std::vector<Span> spans;
    spans.reserve(tombstones.size());
    for (const RangeTombstone& tombstone : tombstones)
        spans.push_back({cut_of(tombstone.begin), cut_of(tombstone.end), tombstone.seqno});
    return spans;
}

void RangeTombstoneSet::find_covered(const std::vector<Span>& spans) {
    std::vector<int64_t> change(cuts_.size(), 0);
    for (const Span& span : spans) {
        ++change[span.first];
        --change[span.end];
    }
    int64_t depth = 0;
    for (uint32_t interval = 0; interval + 1 < cuts_.size(); ++interval) {
        depth += change[interval];
        if (depth != 0) covered_.push_back(interval);
    }
}

/// Calls `visit` with each of the nodes that together make up the span: two a height at most.
template <class Visit>
void RangeTombstoneSet::visit_nodes(const Span& span, Visit visit) const {
    size_t first = leaves_ + span.first, end = leaves_ + span.end;
    for (; first < end; first /= 2, end /= 2) {
        if (first % 2 == 1) visit(first++);
        if (end % 2 == 1) visit(--end);
    }
}

void RangeTombstoneSet::plant_tree(const std::vector<Span>& spans) {
    leaves_ = std::bit_ceil(cuts_.size() - 1);
    std::vector<uint32_t> count(2 * leaves_, 0);
    size_t total = 0;
    for (const Span& span : spans) {
        visit_nodes(span, [&](size_t node) {
            ++count[node];
            ++total;
        });
    }
    KV_ASSERT(total <= UINT32_MAX);
    node_begin_.resize(2 * leaves_ + 1, 0);
    for (size_t node = 0; node < count.size(); ++node)
        node_begin_[node + 1] = node_begin_[node] + count[node];
    seqnos_.resize(total);
    // From the oldest, which gets the last place that its nodes have left.
    for (const Span& span : spans)
        visit_nodes(span,
                    [&](size_t node) { seqnos_[node_begin_[node] + --count[node]] = span.seqno; });
}

Seqno RangeTombstoneSet::newest(uint32_t interval, Seqno read_seqno) const {
    Seqno newest = 0;
    for (size_t node = leaves_ + interval; node != 0; node /= 2) {
        const auto seqnos = at_node(node);
        const auto it =
            std::lower_bound(seqnos.begin(), seqnos.end(), read_seqno, std::greater<>());
        if (it != seqnos.end()) newest = std::max(newest, *it);
    }
    return newest;
}

std::vector<Seqno> RangeTombstoneSet::Fragment::seqnos() const {
    std::vector<Seqno> all;
    for (size_t node = set_->leaves_ + interval_; node != 0; node /= 2) {
        const auto seqnos = set_->at_node(node);
        all.insert(all.end(), seqnos.begin(), seqnos.end());
    }
    std::sort(all.begin(), all.end(), std::greater<>());
    return all;
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

size_t RangeTombstoneSet::find(Bytes user_key) const {
    const auto it = std::partition_point(covered_.begin(), covered_.end(), [&](uint32_t interval) {
        return bound(interval + 1) <= user_key;
    });
    return static_cast<size_t>(it - covered_.begin());
}

Seqno RangeTombstoneSet::covering(Bytes user_key, Seqno read_seqno) const {
    const size_t index = find(user_key);
    if (index == covered_.size()) return 0;
    const Fragment found = fragment(index);
    return found.begin <= user_key ? found.newest_at(read_seqno) : 0;
}

void RangeTombstoneSet::append_to(std::vector<RangeTombstone>& out) const {
    // What each delete has at its nodes is put together again.
    std::vector<Span> spans;
    spans.reserve(seqnos_.size());
    for (size_t node = 1; node < 2 * leaves_; ++node) {
        const auto height = static_cast<uint32_t>(std::bit_width(leaves_) - std::bit_width(node));
        const auto first = static_cast<uint32_t>((node << height) - leaves_);
        for (const Seqno seqno : at_node(node))
            spans.push_back({first, first + (1U << height), seqno});
    }
    std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
        return std::tie(a.seqno, a.first) < std::tie(b.seqno, b.first);
    });
    for (size_t i = 0; i < spans.size();) {
        Span whole = spans[i++];
        for (; i < spans.size() && spans[i].seqno == whole.seqno && spans[i].first == whole.end;
             ++i)
            whole.end = spans[i].end;
        out.push_back(
            {std::string(bound(whole.first)), std::string(bound(whole.end)), whole.seqno});
    }
}

size_t RangeTombstoneSet::memory_bytes() const {
    return sizeof *this + keys_.capacity() + cuts_.capacity() * sizeof(Cut) +
           covered_.capacity() * sizeof(uint32_t) + node_begin_.capacity() * sizeof(uint32_t) +
           seqnos_.capacity() * sizeof(Seqno);
}

std::string make_exclusive_bound(Bytes end) {
    return make_internal_key(end, kMaxSeqno, static_cast<Kind>(0xFF));
}

bool is_exclusive_bound(Bytes internal_key) { return trailer_of(internal_key) == 0; }

}  // namespace kv
