// Finding tables that range deletes hide: see covered_tables.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/covered_tables.h"

#include <algorithm>

#include "compaction/plan_builder.h"

namespace kv {

namespace {

using Sets = std::span<const RangeTombstoneSetPtr>;

/// Up to where, from `user_key` on, deletes newer than `seqno` that a reader at `read_seqno` sees
/// cover every key; empty: not even the key itself.
Bytes covered_up_to(Sets sets, Bytes user_key, Seqno seqno, Seqno read_seqno) {
    Bytes end;
    for (const RangeTombstoneSetPtr& set : sets) {
        if (set == nullptr || set->largest_seqno() <= seqno) continue;
        const size_t index = set->find(user_key);
        if (index == set->fragments()) continue;
        const RangeTombstoneSet::Fragment fragment = set->fragment(index);
        if (fragment.begin <= user_key && fragment.newest_at(read_seqno) > seqno)
            end = std::max(end, fragment.end);
    }
    return end;
}

bool is_covered(Sets sets, const FileMeta& file, Seqno read_seqno) {
    for (Bytes at = file.smallest_user_key(); !file.ends_before(at);) {
        at = covered_up_to(sets, at, file.largest_seqno, read_seqno);
        if (at.empty()) return false;
    }
    return true;
}

}  // namespace

CoveredTables pick_covered(const Version& version, Sets sets, const PickerState& state) {
    CoveredTables found;
    CompactionPlan plan;
    for (int level = 0; level < kLevels; ++level) {
        for (const FileMetaPtr& file : version.files(level)) {
            if (is_busy(state, file)) continue;
            if (is_covered(sets, *file, state.oldest_read)) {
                plan.inputs.push_back({level, file});
            } else {
                found.more_later = found.more_later || is_covered(sets, *file, kMaxSeqno);
            }
        }
    }
    if (plan.inputs.empty()) return found;
    plan.output_level = kLastLevel;
    plan.drop_only = true;
    plan.is_urgent = true;  // it costs next to nothing, and makes other work smaller
    plan.reason = "range deletes cover all of " + std::to_string(plan.inputs.size()) + " tables";
    found.plan = std::move(plan);
    return found;
}

}  // namespace kv
