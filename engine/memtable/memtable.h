// Memtable: the newest writes, sorted, in memory. The engine thread adds to the active one; when it
// is full it is frozen, flushed to a level 0 table and dropped.
//
// Thread rule: one thread adds; any number of threads read meanwhile, without locks. Keys and
// values returned are views into the memtable and live exactly as long as it does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/arena.h"
#include "iterator/internal_iterator.h"
#include "kv/bytes.h"
#include "kv/types.h"
#include "memtable/key_index.h"
#include "memtable/lazy_list.h"
#include "memtable/range_tombstone_log.h"
#include "record/batch_format.h"
#include "record/internal_key.h"

namespace kv {

/// One version of a key. `value` is in the internal form of record/internal_key.h: with Kind
/// kPutWithExpiry it begins with the 8-byte expiry.
struct MemtableEntry {
    Kind kind = Kind::kPut;
    Seqno seqno = 0;
    Bytes value;
};

class Memtable {
  public:
    /// A batch is never divided, so there may be more.
    static constexpr uint64_t kMostRangeDeletes = 4096;

    /// `common_prefix`: what most keys are expected to begin with, such as common_prefix() of the
    /// memtable before. It makes searches faster where it is right and changes nothing else. `pool`
    /// is where its memory comes from and goes back to; null: the heap.
    explicit Memtable(Bytes common_prefix = {}, std::shared_ptr<BlockPool> pool = nullptr)
        : Memtable(common_prefix, std::move(pool), 0, 0) {}
    Memtable(const Memtable&) = delete;
    Memtable& operator=(const Memtable&) = delete;

    /// An empty memtable for what comes after this one, which is expected to be like it: same pool,
    /// common prefix, number of keys, walks. Engine thread only, after the last add.
    std::shared_ptr<Memtable> successor() const;

    /// Adds one version; key and value are copied. `internal_value` is the stored form (empty for
    /// kDelete, expiry and value for kPutWithExpiry). Requires: no entry with this key and seqno is
    /// here yet. Invisible to reads at a seqno below `seqno`, so a group may be added before it is
    /// published. Engine thread only. Constant time, but O(log n) for a new key while walks ask for
    /// the order.
    void add(Bytes user_key, Seqno seqno, Kind kind, Bytes internal_value);

    /// The same for kPutWithExpiry, putting the stored form together in place.
    void add_with_expiry(Bytes user_key, Seqno seqno, uint64_t expiry_ms, Bytes user_value);

    /// Adds one operation of a logged batch, whatever its kind. Requires !op.is_unresolved().
    void apply(const Op& op, Seqno seqno);

    /// Adds all operations of a logged batch, the first with `first_seqno`, and returns how many
    /// they are. They wait for memory together, unless prefetch() has been told their keys.
    uint64_t apply_all(Bytes ops, Seqno first_seqno, bool is_fetched);

    /// So many are looked at together by prefetch().
    static constexpr size_t kTogether = SkipList::kTogether;
    /// Brings what adds of these keys, kTogether at most, will touch into the processor's cache.
    /// Engine thread only.
    void prefetch(std::span<const Bytes> user_keys) const;

    /// Hides every entry of a user key in [begin, end) with a smaller seqno, here and in everything
    /// older. Requires begin < end. Engine thread only. O(1).
    void add_range_delete(Bytes begin, Bytes end, Seqno seqno);

    /// The newest version of `user_key` with seqno <= `read_seqno`, a tombstone included. It says
    /// nothing of range deletes (the caller asks covering_seqno) nor of expiry: the caller compares
    /// it with its clock. Any thread. Constant time for the newest version, O(log n) for old ones.
    std::optional<MemtableEntry> get(Bytes user_key, Seqno read_seqno) const {
        return get(user_key, hash_of(user_key), read_seqno);
    }
    /// Of a key, for what follows: the same for all memtables.
    static uint64_t hash_of(Bytes user_key) { return KeyIndex::hash_of(user_key); }
    /// The same for who knows hash_of(user_key).
    std::optional<MemtableEntry> get(Bytes user_key, uint64_t hash, Seqno read_seqno) const;
    /// Begins to bring what such a get touches first into the processor's cache. Any thread.
    void prefetch_get(uint64_t hash) const { index_.prefetch_slot(hash); }

    /// The newest range delete with seqno <= `read_seqno` that covers `user_key`; 0: none. Any
    /// thread; costs nothing as long as there are no range deletes here.
    Seqno covering_seqno(Bytes user_key, Seqno read_seqno) const {
        return ranges_.covering(user_key, read_seqno);
    }
    /// All range deletes so far in one set, built anew; null without any. Any thread.
    RangeTombstoneSetPtr range_tombstones() const { return ranges_.all(); }
    /// Adds sets that together hold all range deletes so far. Any thread.
    void append_range_tombstones(std::vector<RangeTombstoneSetPtr>& out) const {
        ranges_.append_sets(out);
    }
    uint64_t range_deletes() const { return ranges_.size(); }

    /// All versions in internal-key order, range deletes left out. The caller keeps the memtable
    /// alive. Entries added later may or may not appear. Any thread; never fails. Puts
    /// unordered_keys() in order first: about 0.07 us each.
    std::unique_ptr<InternalIterator> new_iterator() const;
    /// The same for one walk from the first entry to the last of a memtable that nobody adds to any
    /// more: it only goes forwards, and as a rule nobody who walks as well waits for it.
    std::unique_ptr<InternalIterator> new_flush_iterator() const;
    /// Keys that were added since somebody last wanted to see them in order. Any thread.
    uint64_t unordered_keys() const { return list_.waiting(); }

    /// The longest common prefix of all user keys here, a view into the memtable. Engine thread
    /// only.
    Bytes common_prefix() const;
    /// The last user key, a view into the memtable; empty without entries. Engine thread only.
    Bytes largest_user_key() const { return list_.largest_key(); }

    /// Heap bytes held. Any thread, as are all below; while a writer is active they may lag it.
    size_t memory_bytes() const {
        return arena_.memory_bytes() + index_.memory_bytes() + ranges_.memory_bytes();
    }
    /// Whether it should be frozen: it holds something, and as many bytes as `limit_bytes` or as
    /// many range deletes as gets and walks should have to search.
    bool is_full(size_t limit_bytes) const {
        return !empty() && (memory_bytes() >= limit_bytes || range_deletes() >= kMostRangeDeletes);
    }
    /// Range deletes are not among them.
    uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
    uint64_t tombstones() const { return tombstones_.load(std::memory_order_relaxed); }
    bool empty() const { return entries() == 0 && ranges_.empty(); }
    /// 0 when empty.
    Seqno smallest_seqno() const { return smallest_seqno_.load(std::memory_order_relaxed); }
    Seqno largest_seqno() const { return largest_seqno_.load(std::memory_order_relaxed); }
    /// Unix milliseconds; 0 when no entry expires.
    uint64_t earliest_expiry_ms() const {
        return earliest_expiry_ms_.load(std::memory_order_relaxed);
    }

  private:
    Memtable(Bytes common_prefix, std::shared_ptr<BlockPool> pool, uint64_t expected_keys,
             uint64_t prompt_keys)
        : pool_(std::move(pool)),
          arena_(pool_),
          list_(arena_, common_prefix, prompt_keys),
          index_(expected_keys) {}

    void insert(Bytes user_key, uint64_t trailer, Bytes head, Bytes tail);
    void count(Seqno seqno, Kind kind, uint64_t expiry_ms);
    void widen_seqnos(Seqno seqno);

    const std::shared_ptr<BlockPool> pool_;
    Arena arena_;
    mutable LazyList list_;  // to put keys in order changes nothing that anybody sees
    KeyIndex index_;
    RangeTombstoneLog ranges_;
    // Written by the engine thread, read by anyone.
    std::atomic<uint64_t> entries_{0};
    std::atomic<uint64_t> tombstones_{0};
    std::atomic<Seqno> smallest_seqno_{0};
    std::atomic<Seqno> largest_seqno_{0};
    std::atomic<uint64_t> earliest_expiry_ms_{0};
};

}  // namespace kv
