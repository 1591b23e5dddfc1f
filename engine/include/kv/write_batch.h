// WriteBatch: mutations that happen together or not at all, with the preconditions they depend on.
//
// The builder checks nothing but shape; Db refuses oversize keys, values and batches with
// kInvalidArgument before it allocates or applies anything.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/status.h"
#include "kv/types.h"

namespace kv {

/// What must hold, at the moment the batch takes its place in history, for it to be applied.
/// Checked against everything ordered before it. An expired entry counts as absent.
struct Precondition {
    enum class Kind : uint8_t {  // sent on the wire, never renumber
        kAbsent = 1,
        kPresent = 2,
        kValueEquals = 3,  ///< `value` holds the expected bytes.
        kSeqnoEquals = 4,  ///< The live entry was written exactly at `seqno`.
        /// No put or delete of the key is newer than `seqno`. For a key without an entry this may
        /// be refused although it holds, when `seqno` is older than the last restart or than
        /// deletions that compaction has forgotten; never the other way round.
        kNotNewer = 5,
        /// For a key that had no entry at `seqno`: none was put since. As kNotNewer, but a range
        /// delete that found nothing there does not count, and it is not refused in doubt: a put
        /// that was deleted again may be forgotten. Not on the wire.
        kStillAbsent = 6,
    };
    Kind kind;
    std::string key;
    std::string value;
    Seqno seqno = 0;
};

class WriteBatch {
  public:
    void put(Bytes key, Bytes value);
    /// The entry stops being visible once the store's clock reaches `expiry_ms` (Unix epoch).
    void put_with_expiry(Bytes key, Bytes value, uint64_t expiry_ms);
    void del(Bytes key);
    /// Deletes every key in [begin, end): one small record, however many keys there are. An empty
    /// `begin` is the first key, no `end` is behind the last. An end at or before the begin deletes
    /// nothing and adds nothing to the batch. Without one, the end is logged as a key just behind
    /// the largest there is; a batch that comes to more than 128 MiB by that is kInvalidArgument.
    void delete_range(Bytes begin, std::optional<Bytes> end);
    /// Deletes every key that begins with `prefix`; all of them when it is empty.
    void delete_prefix(Bytes prefix);
    /// Adds `by` to the decimal signed 64-bit integer stored at `key`; a missing key counts as 0;
    /// an expiry is kept. Not an integer or overflow: kInvalidArgument, and nothing of the batch is
    /// applied. The new values come back in WriteResult::counters, in order.
    void increment(Bytes key, int64_t by);

    /// Room for mutations of so many bytes more, encoded; less than a builder that grows would
    /// take.
    void reserve(size_t bytes) { rep_.reserve(rep_.size() + bytes); }

    void require(Precondition precondition) { preconditions_.push_back(std::move(precondition)); }

    void clear();
    bool empty() const { return count_ == 0 && preconditions_.empty(); }
    /// Mutations so far; each takes one sequence number.
    uint32_t count() const { return count_; }
    uint32_t increment_count() const { return increments_; }
    /// Mutations whose final form depends on what is stored when they are applied.
    uint32_t unresolved_count() const { return increments_ + open_ranges_; }
    /// Encoded size of the mutations: record/batch_format.h.
    size_t size_bytes() const { return rep_.size(); }
    Bytes encoded() const { return rep_; }
    const std::vector<Precondition>& preconditions() const { return preconditions_; }

    /// Takes mutations already encoded (from the log or the wire). kCorruption, and an empty batch,
    /// if they do not parse to exactly the end.
    static Status decode(Bytes encoded, WriteBatch& out);

  private:
    std::string rep_;
    uint32_t count_ = 0;
    uint32_t increments_ = 0;
    uint32_t open_ranges_ = 0;
    std::vector<Precondition> preconditions_;
};

}  // namespace kv
