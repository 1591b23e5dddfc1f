// RangeTombstoneLog: the range deletes of one memtable, in the order they came.
//
// Adding one costs a copy, however many there are. Readers search RangeTombstoneSets of all but the
// last few, which they build when enough have come, and go through those few one by one. A set that
// has grown as large as the one before it is built anew together with it, so there are about log n
// sets, each delete is sorted about log n times, and a walk after every delete stays cheap.
// Thread rule: one thread adds; any number of threads read meanwhile. Only readers, and only when
// range deletes exist, take the mutex that guards the sets.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "record/range_tombstones.h"

namespace kv {

class RangeTombstoneLog {
  public:
    RangeTombstoneLog() = default;
    ~RangeTombstoneLog();
    RangeTombstoneLog(const RangeTombstoneLog&) = delete;
    RangeTombstoneLog& operator=(const RangeTombstoneLog&) = delete;

    /// Requires begin < end. Engine thread only. O(1).
    void add(Bytes begin, Bytes end, Seqno seqno);

    bool empty() const { return size() == 0; }
    size_t size() const { return size_.load(std::memory_order_acquire); }
    /// The newest delete with seqno <= `read_seqno` that covers `user_key`; 0: none.
    Seqno covering(Bytes user_key, Seqno read_seqno) const {
        return empty() ? 0 : search(user_key, read_seqno);
    }
    /// Adds sets that together hold all deletes so far; none when there are none.
    void append_sets(std::vector<RangeTombstoneSetPtr>& out) const;
    /// All deletes so far in one set; null when there are none. For a job that goes through them
    /// once: it is built anew.
    RangeTombstoneSetPtr all() const;
    /// Of the deletes and of the sets that were built of them.
    size_t memory_bytes() const {
        return log_bytes_.load(std::memory_order_relaxed) +
               set_bytes_.load(std::memory_order_relaxed);
    }

  private:
    static constexpr size_t kChunk = 64;
    /// Deletes that a search may go through one by one before a new set is built.
    static constexpr size_t kLongestTail = 32;
    struct Chunk {
        std::array<RangeTombstone, kChunk> tombstones;
        std::unique_ptr<Chunk> next;
    };
    /// A place in the log, and the chunk of the delete just before it; null at the first.
    struct Place {
        size_t index = 0;
        const Chunk* chunk = nullptr;
    };
    /// A set of the deletes from one place up to where the next set begins.
    struct Piece {
        Place begin;
        RangeTombstoneSetPtr set;
    };
    /// Sets of all deletes before `end`, oldest first.
    struct Built {
        std::vector<Piece> pieces;
        Place end;
    };
    using BuiltPtr = std::shared_ptr<const Built>;

    Seqno search(Bytes user_key, Seqno read_seqno) const;
    BuiltPtr built(size_t longest_tail) const;
    template <class Visit>
    Place visit(Place from, size_t end, Visit visit) const;

    std::unique_ptr<Chunk> first_;  // set by the first add, before size_
    Chunk* last_ = nullptr;         // engine thread only
    std::atomic<size_t> size_{0};   // stored last: what lies below it is complete
    std::atomic<size_t> log_bytes_{0};
    mutable std::atomic<size_t> set_bytes_{0};

    mutable std::mutex mutex_;
    mutable BuiltPtr built_ = std::make_shared<const Built>();  // guarded by mutex_
};

}  // namespace kv
