// What a conditional batch needs to know before it may take its place in history: whether its
// preconditions hold, and what its increments amount to.
// Thread rule: pure, apart from the look-ups it is given.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "db/lookup.h"
#include "kv/write_batch.h"

namespace kv::db {

/// Looks a key up as of `seqno`; kMaxSeqno is the newest state, unpublished writes included.
using NewestLookup = std::function<Status(Bytes key, Seqno seqno, Found& found)>;

/// Ok, kConflict with the seqno that beat the batch, or the look-up's error. `forgotten` is the
/// seqno up to which deletions may have left no trace: there kNotNewer answers a conflict in doubt.
Status check_preconditions(const std::vector<Precondition>& preconditions,
                           const std::atomic<Seqno>& forgotten, const NewestLookup& newest);

/// The most that a batch may be rewritten to. Range deletes without an end may each grow by as much
/// as the largest key is long, so a small batch can come to anything.
inline constexpr size_t kMaxResolvedBytes = 128U << 20;
static_assert(kMaxResolvedBytes >= kMaxBatchBytes, "a batch without any of that fits");

/// Rewrites a batch into ops that may be logged, in order: increments into plain puts, each seeing
/// the batch's own earlier mutations; range deletes without an end into such as end just behind the
/// largest key, `largest_key` or one of the batch's own. kInvalidArgument: not an integer,
/// overflow, or more than kMaxResolvedBytes; then `ops` is worthless.
Status resolve_ops(const WriteBatch& batch, uint64_t now_ms, const NewestLookup& newest,
                   Bytes largest_key, std::string& ops, std::vector<int64_t>& counters);

}  // namespace kv::db
