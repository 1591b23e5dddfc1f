// RangeTombstoneLog: the range deletes of one memtable, in the order they came.
//
// Adding one costs a copy, however many there are. Readers search a RangeTombstoneSet of all but
// the last few, which they build when enough have come, and go through those few one by one.
// Thread rule: one thread adds; any number of threads read meanwhile. Only readers, and only when
// range deletes exist, take the mutex that guards the set.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>

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
    /// All deletes so far; null when there are none.
    RangeTombstoneSetPtr all() const;
    size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

  private:
    static constexpr size_t kChunk = 64;
    /// Deletes that a search may go through one by one before a new set is built.
    static constexpr size_t kLongestTail = 32;
    struct Chunk {
        std::array<RangeTombstone, kChunk> tombstones;
        std::unique_ptr<Chunk> next;
    };
    /// A set of the first `count` deletes, and the chunk in which the next one lies.
    struct Built {
        RangeTombstoneSetPtr set;
        size_t count = 0;
        const Chunk* chunk = nullptr;
    };

    Seqno search(Bytes user_key, Seqno read_seqno) const;
    Built built(size_t longest_tail) const;
    template <class Visit>
    void visit_from(const Built& built, size_t end, Visit visit) const;

    std::unique_ptr<Chunk> first_;  // set by the first add, before size_
    Chunk* last_ = nullptr;         // engine thread only
    std::atomic<size_t> size_{0};   // stored last: what lies below it is complete
    std::atomic<size_t> memory_bytes_{0};

    mutable std::mutex mutex_;
    mutable Built built_;  // guarded by mutex_
};

}  // namespace kv
