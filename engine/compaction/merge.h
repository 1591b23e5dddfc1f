// The drop rule of flush and compaction: which versions of a key may be forgotten when sorted
// entries are rewritten. A pure function of what it is fed, so every case is a line in a test.
//
// Boundaries are the seqnos at which somebody reads, or may begin to read: every open snapshot, and
// the seqno that was published when the job started. A reader at boundary B sees the newest version
// with seqno <= B. Versions between two neighbouring boundaries form one class, of which readers
// can see only the newest; versions newer than the published seqno are each kept. So:
//   1. a version with a newer one in its class is dropped (shadowed);
//   2. a tombstone of the oldest class is dropped if nothing below can hold its key;
//   3. an entry whose expiry has passed is a tombstone: dropped under rule 2, otherwise rewritten
//      as a delete with its own seqno;
//   4. an entry that a newer range tombstone (range_merge.h) of its class covers is dropped.
// Callers: flush_job.h, job.h. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/status.h"
#include "kv/types.h"
#include "record/range_tombstones.h"

namespace kv {

/// Entries by fate. A job commits only if they balance.
struct MergeCounters {
    uint64_t entries_in = 0;
    uint64_t entries_out = 0;
    uint64_t dropped_shadowed = 0;
    uint64_t dropped_tombstone = 0;
    uint64_t dropped_expired = 0;
    uint64_t dropped_covered = 0;  ///< By a range tombstone.
    /// Range tombstones, which are no entries, that no output carries any more.
    uint64_t forgotten_ranges = 0;
    /// Of entries_out: expired puts that were written as deletes, because older versions remain.
    uint64_t expired_to_tombstone = 0;

    bool balanced() const {
        return entries_in == entries_out + dropped_shadowed + dropped_tombstone + dropped_expired +
                                 dropped_covered;
    }
    void add(const MergeCounters& other);
};

enum class Verdict : uint8_t {
    kKeep,
    kKeepAsTombstone,  ///< Write a kDelete with the same seqno and no value.
    kDropShadowed,
    kDropTombstone,
    kDropExpired,
    kDropCovered,
    kMalformed,  ///< Not an entry this engine writes: stop the job with malformed_entry().
};

/// What a rewriting job must know about its readers and the time.
struct DropRules {
    /// Seqnos of the open snapshots, in any order, copies allowed.
    std::vector<Seqno> snapshots;
    /// Newest seqno a read could see when the job started. A read that begins later must take its
    /// view of memtables and tables before it takes its seqno.
    Seqno published = 0;
    /// Wall clock, Unix milliseconds: entries with expiry <= now_ms are expired.
    uint64_t now_ms = 0;
    /// May an entry of this user key, older than the job's inputs, exist outside them? Called with
    /// ascending keys, at most once a key. Empty: yes for every key, so tombstones are kept.
    std::function<bool(Bytes user_key)> may_exist_below;
    /// The range tombstones of all that is merged; null: none.
    RangeTombstoneSetPtr range_tombstones{};
};

/// The seqnos at which somebody may read, ascending, distinct, none 0.
std::vector<Seqno> boundaries_of(const DropRules& rules);

/// Decides entry by entry. Feed entries in internal-key order, each exactly once.
class EntryDropper {
  public:
    explicit EntryDropper(DropRules rules);

    /// The fate of the next entry; O(log snapshots) at most. kMalformed for a key shorter than its
    /// trailer, an unknown kind, the reserved seqno 0, a put with expiry too short to hold one, or
    /// a key that is not above the one before.
    Verdict decide(Bytes internal_key, Bytes value);

    /// Is the entry last decided the first of its user key? An output may only be closed there.
    bool at_new_user_key() const { return at_new_user_key_; }
    /// Older versions of the key last decided that are above this seqno are shadowed: their source
    /// may pass over them, if it counts them. kMaxSeqno when none are.
    Seqno shadowed_above() const;
    const std::vector<Seqno>& boundaries() const { return boundaries_; }

    /// kCorruption that says what is wrong with the entry for which decide() said kMalformed.
    Status malformed_entry(Bytes internal_key, Bytes value) const;

  private:
    size_t class_of(Seqno seqno) const;
    bool is_well_formed(Bytes internal_key, Bytes value) const;
    bool is_covered(Bytes user_key, Seqno seqno, size_t own_class);

    std::vector<Seqno> boundaries_;  // set once: ascending, distinct, none 0
    uint64_t now_ms_;                // set once
    std::function<bool(Bytes)> may_exist_below_;
    RangeTombstoneSetPtr ranges_;  // set once; null: none

    size_t range_position_ = 0;  // in ranges_: the first fragment that ends behind user_key_
    std::string user_key_;       // of the last entry
    uint64_t last_trailer_ = 0;  // of the last entry
    size_t last_class_ = 0;      // of the newest entry of user_key_ that was not shadowed
    bool any_ = false;
    bool at_new_user_key_ = false;
};

/// Adds the verdict to `counters` (entries_in and one of the others). Not for kMalformed.
void count_verdict(Verdict verdict, MergeCounters& counters);

}  // namespace kv
