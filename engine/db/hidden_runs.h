// HiddenRuns: stretches of keys in which the tables of one TableSet hold nothing that is alive,
// learnt by walks that had to pass through them, so that the next walk need not.
//
// What a run means: to a reader of these tables with a seqno of at least `seqno` and a time of at
// least `expiry_ms`, no table's entry of a user key in [begin, end) is the live one. That stays
// true for ever: tables do not change, the walk that learnt it saw every entry of theirs (its own
// seqno is at or above all of them), and what was deleted by an entry or a range delete up to its
// seqno, in a memtable perhaps, is deleted for every later reader too. Newer entries lie in
// memtables, which nobody passes over because of a run. A reader must have all memtables that hold
// something up to its seqno (ViewRegistry::pin_with), or it would miss what a run rests on and not
// what came with it.
// Callers: DbIterator, through TableSet. Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "kv/bytes.h"
#include "kv/types.h"

namespace kv::db {

class HiddenRuns {
  public:
    struct Run {
        std::string begin;       ///< User key, inclusive.
        std::string end;         ///< User key, exclusive.
        uint64_t expiry_ms = 0;  ///< The latest that made one of its entries dead; 0: none did.
    };

    /// The run that `user_key` lies in, for a reader at `seqno` and `now_ms`.
    std::optional<Run> find(Bytes user_key, Seqno seqno, uint64_t now_ms) const;
    /// Learns [begin, end), in which a walk at `seqno` passed `entries` of them; `expiry_ms` is the
    /// latest expiry that made one dead, 0 without. Joins runs that touch. Forgets the least useful
    /// ones beyond a bound of memory.
    void add(Bytes begin, Bytes end, Seqno seqno, uint64_t expiry_ms, uint64_t entries);

    bool empty() const { return !any_.load(std::memory_order_acquire); }
    size_t size() const;

  private:
    static constexpr size_t kLargestBytes = 256U << 10;
    struct Known {
        std::string end;
        Seqno seqno;
        uint64_t expiry_ms;
        uint64_t entries;
    };
    using Runs = std::map<std::string, Known, std::less<>>;  // by begin; disjoint

    static size_t cost(const Runs::value_type& run);
    void forget(Runs::iterator run);
    void keep_within_bounds();

    mutable std::mutex mutex_;
    Runs runs_;         // guarded by mutex_
    size_t bytes_ = 0;  // guarded by mutex_
    std::atomic<bool> any_{false};
};

}  // namespace kv::db
