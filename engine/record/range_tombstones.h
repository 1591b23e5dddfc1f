// RangeTombstoneSet: what a number of range deletes amount to, laid out for searching.
//
// A range delete hides the entries of every user key in [begin, end) that are older than itself. A
// set cuts overlapping ones at each other's bounds into fragments: sorted, disjoint, each with the
// seqnos of all deletes that cover it. Memtables, tables, compaction and reads all ask such sets.
// Thread rule: immutable once built; any thread.
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

class RangeTombstoneSet;
using RangeTombstoneSetPtr = std::shared_ptr<const RangeTombstoneSet>;

class RangeTombstoneSet {
  public:
    /// A piece of the key space that the same deletes cover. Views live as long as the set.
    struct Fragment {
        Bytes begin;
        Bytes end;
        std::span<const Seqno> seqnos;  ///< Newest first, distinct, never empty.

        /// The newest seqno <= `read_seqno`; 0 when there is none.
        Seqno newest_at(Seqno read_seqno) const;
    };

    /// O(n log n) and the size of the result, which is n for deletes that do not overlap.
    static RangeTombstoneSetPtr build(std::vector<RangeTombstone> tombstones);
    /// The union of sets; null ones are skipped. One set that is not null is returned as it is;
    /// null when all are.
    static RangeTombstoneSetPtr merge(std::span<const RangeTombstoneSetPtr> sets);

    /// The newest delete with seqno <= `read_seqno` that covers `user_key`; 0: none. O(log n).
    Seqno covering(Bytes user_key, Seqno read_seqno) const;

    bool empty() const { return pieces_.empty(); }
    size_t fragments() const { return pieces_.size(); }
    Fragment fragment(size_t index) const;
    /// Index of the first fragment whose end is above `user_key`; fragments() when there is none.
    size_t find(Bytes user_key) const;
    /// Adds every (fragment, seqno) as a tombstone of its own.
    void append_to(std::vector<RangeTombstone>& out) const;
    /// 0 when empty.
    Seqno largest_seqno() const { return largest_seqno_; }
    size_t memory_bytes() const;

  private:
    struct Piece {
        uint32_t begin, begin_size;  // in keys_
        uint32_t end, end_size;
        uint32_t first_seqno, seqno_count;  // in seqnos_
    };
    struct Key {
        uint32_t offset, size;
    };
    RangeTombstoneSet() = default;
    Bytes key(uint32_t offset, uint32_t size) const { return Bytes(keys_).substr(offset, size); }
    Key add_key(Bytes key);
    void add_piece(Key begin, Key end, std::span<const Seqno> seqnos);

    std::string keys_;
    std::vector<Seqno> seqnos_;
    std::vector<Piece> pieces_;
    Seqno largest_seqno_ = 0;
};

/// The bound of a table that ends just before user key `end`: an internal key that sorts before
/// every entry of `end`. As a table's largest key it means that `end` itself is not in the table.
std::string make_exclusive_bound(Bytes end);
/// Whether an internal key is such a bound. Requires at least kTrailerBytes.
bool is_exclusive_bound(Bytes internal_key);

}  // namespace kv
