// What becomes of range tombstones when tables are rewritten. In every class of readers (merge.h)
// only the newest one over a stretch of keys matters; those of the oldest class are forgotten where
// nothing below can hold a key that they cover. Each output carries the part that lies in its own
// key range, cut at user keys, so that together the outputs cover exactly what the inputs did.
// Callers: flush_job.cc, job_part.cc. Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "record/range_tombstones.h"

namespace kv {

struct RangeMergeRules {
    /// As boundaries_of() gives them.
    const std::vector<Seqno>& boundaries;
    /// May a key of [begin, end) exist outside of what is merged, in an entry older than it? Empty:
    /// yes.
    std::function<bool(Bytes begin, Bytes end)> may_exist_below;
};

/// The range tombstones that an output with the user keys from `lower`, inclusive, to `upper`,
/// exclusive, has to carry; nullopt: unbounded. `*forgotten` grows by those that no output carries
/// because nothing is left to hide. Ordered by seqno, then begin.
std::vector<RangeTombstone> kept_range_tombstones(const RangeTombstoneSet& all,
                                                  const RangeMergeRules& rules,
                                                  std::optional<Bytes> lower,
                                                  std::optional<Bytes> upper, uint64_t* forgotten);

}  // namespace kv
