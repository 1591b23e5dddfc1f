// RangeCover: which range delete hides a key, for a walk over keys in order.
//
// It asks several sets (of memtables, of the tables) at one seqno and remembers how far the answer
// holds, so that a walk pays two comparisons of integers an entry inside of a stretch and a step
// per set when it leaves one. Callers: DbIterator. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "record/key_prefix.h"
#include "record/range_tombstones.h"

namespace kv {

/// A user key beside its prefix, which decides most comparisons.
struct PrefixedKey {
    Bytes key;
    uint64_t prefix = 0;

    PrefixedKey() = default;
    explicit PrefixedKey(Bytes user_key) : key(user_key), prefix(user_key_prefix(user_key)) {}
    bool is_above(const PrefixedKey& other) const {
        return prefix != other.prefix ? prefix > other.prefix : key > other.key;
    }
};

class RangeCover {
  public:
    RangeCover() = default;
    /// Sets that are null or empty are left out. Deletes newer than `read_seqno` hide nothing.
    RangeCover(const std::vector<RangeTombstoneSetPtr>& sets, Seqno read_seqno);

    bool empty() const { return cursors_.empty(); }

    /// The newest visible delete that covers `user_key`; 0: none. Entries with a smaller seqno are
    /// hidden.
    Seqno at(Bytes user_key) {
        const PrefixedKey key(user_key);
        const bool holds =
            located_ && !(has_begin_ && begin_.is_above(key)) && (!has_end_ || end_.is_above(key));
        if (!holds) locate(key);
        return seqno_;
    }
    /// Where the stretch begins in which the last answer holds (inclusive), and where it ends
    /// (exclusive). Requires that the answer was not 0. Views live as long as this object.
    Bytes begin() const { return begin_.key; }
    Bytes end() const { return end_.key; }

  private:
    struct Cursor {
        RangeTombstoneSetPtr set;
        size_t index = 0;  // where the last search ended
    };
    void locate(const PrefixedKey& key);
    static size_t find(Cursor& cursor, Bytes user_key);

    std::vector<Cursor> cursors_;
    Seqno read_seqno_ = 0;
    // The stretch last found.
    bool located_ = false;
    bool has_begin_ = false, has_end_ = false;  // false: unbounded
    PrefixedKey begin_, end_;
    Seqno seqno_ = 0;
};

}  // namespace kv
