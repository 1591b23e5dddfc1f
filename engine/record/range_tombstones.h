// RangeTombstoneSet: what a number of range deletes amount to, laid out for searching.
//
// A range delete hides the entries of every user key in [begin, end) that are older than itself. A
// set cuts overlapping ones at each other's bounds into fragments: sorted and disjoint. Which
// deletes cover a fragment is kept in a segment tree over the cuts: each delete is noted at the few
// nodes that together make up its range, so n deletes take O(n log n) however they overlap, where a
// list for each fragment would take n * n. Memtables, tables, compaction and reads all ask such
// sets. Thread rule: immutable once built; any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/types.h"

namespace kv {

/// One range delete. Requires begin < end.
struct RangeTombstone {
    std::string begin;  ///< User key, inclusive.
    std::string end;    ///< User key, exclusive.
    Seqno seqno = 0;
    bool operator==(const RangeTombstone&) const = default;
};

/// Makes one of those with the same seqno that touch or overlap: what a table's bound once cut
/// apart grows together again. Leaves them ordered by seqno, then begin.
void join_touching(std::vector<RangeTombstone>& tombstones);

class RangeTombstoneSet;
using RangeTombstoneSetPtr = std::shared_ptr<const RangeTombstoneSet>;

class RangeTombstoneSet {
  public:
    /// A piece of the key space that the same deletes cover. Views live as long as the set.
    class Fragment {
      public:
        Bytes begin;
        Bytes end;
        /// The newest seqno <= `read_seqno` of a delete that covers it; 0 when there is none.
        Seqno newest_at(Seqno read_seqno) const { return set_->newest(interval_, read_seqno); }
        /// Of all deletes that cover it: newest first, distinct, never empty.
        std::vector<Seqno> seqnos() const;

      private:
        friend class RangeTombstoneSet;
        Fragment(const RangeTombstoneSet& set, uint32_t interval)
            : begin(set.bound(interval)),
              end(set.bound(interval + 1)),
              set_(&set),
              interval_(interval) {}
        const RangeTombstoneSet* set_;
        uint32_t interval_;
    };

    /// O(n log n), as is the size of the result; O(n) for deletes that do not overlap.
    static RangeTombstoneSetPtr build(std::vector<RangeTombstone> tombstones);
    /// The union of sets; null ones are skipped. One set that is not null is returned as it is;
    /// null when all are.
    static RangeTombstoneSetPtr merge(std::span<const RangeTombstoneSetPtr> sets);

    /// The newest delete with seqno <= `read_seqno` that covers `user_key`; 0: none. O(log n) where
    /// few overlap, O(log^2 n) at most.
    Seqno covering(Bytes user_key, Seqno read_seqno) const;

    bool empty() const { return covered_.empty(); }
    size_t fragments() const { return covered_.size(); }
    Fragment fragment(size_t index) const { return {*this, covered_[index]}; }
    /// Index of the first fragment whose end is above `user_key`; fragments() when there is none.
    size_t find(Bytes user_key) const;
    /// Adds the deletes that the set was built of, joined where they touch.
    void append_to(std::vector<RangeTombstone>& out) const;
    /// 0 when empty.
    Seqno largest_seqno() const { return largest_seqno_; }
    size_t memory_bytes() const;

  private:
    /// A cut: a user key in keys_. Interval i lies between cuts i and i + 1.
    struct Cut {
        size_t offset;
        uint32_t size;
    };
    struct Span {
        uint32_t first, end;  // intervals
        Seqno seqno;
    };
    RangeTombstoneSet() = default;
    Bytes bound(uint32_t cut) const {
        return Bytes(keys_).substr(cuts_[cut].offset, cuts_[cut].size);
    }
    Seqno newest(uint32_t interval, Seqno read_seqno) const;
    std::span<const Seqno> at_node(size_t node) const {
        return std::span(seqnos_).subspan(node_begin_[node],
                                          node_begin_[node + 1] - node_begin_[node]);
    }
    std::vector<Span> cut_apart(const std::vector<RangeTombstone>& tombstones);
    void find_covered(const std::vector<Span>& spans);
    void plant_tree(const std::vector<Span>& spans);
    template <class Visit>
    void visit_nodes(const Span& span, Visit visit) const;

    std::string keys_;
    std::vector<Cut> cuts_;          // ascending
    std::vector<uint32_t> covered_;  // the intervals that some delete covers: the fragments
    // The tree: node 1 is the root, 2n and 2n + 1 are the children of n, leaf i is leaves_ + i.
    size_t leaves_ = 0;                 // a power of two
    std::vector<uint32_t> node_begin_;  // in seqnos_, by node
    std::vector<Seqno> seqnos_;         // node by node, newest first
    Seqno largest_seqno_ = 0;
};

/// The bound of a table that ends just before user key `end`: an internal key that sorts before
/// every entry of `end`. As a table's largest key it means that `end` itself is not in the table.
std::string make_exclusive_bound(Bytes end);
/// Whether an internal key is such a bound. Requires at least kTrailerBytes.
bool is_exclusive_bound(Bytes internal_key);

}  // namespace kv
