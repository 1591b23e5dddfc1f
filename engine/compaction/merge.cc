// The drop rule: see merge.h.
// SPDX-License-Identifier: Apache-2.0
#include "compaction/merge.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"
#include "kv/assert.h"
#include "record/internal_key.h"

namespace kv {

void MergeCounters::add(const MergeCounters& other) {
    entries_in += other.entries_in;
    entries_out += other.entries_out;
    dropped_shadowed += other.dropped_shadowed;
    dropped_tombstone += other.dropped_tombstone;
    dropped_expired += other.dropped_expired;
    dropped_covered += other.dropped_covered;
    forgotten_ranges += other.forgotten_ranges;
    expired_to_tombstone += other.expired_to_tombstone;
}

std::vector<Seqno> boundaries_of(const DropRules& rules) {
    std::vector<Seqno> boundaries = rules.snapshots;
    boundaries.push_back(rules.published);
    std::sort(boundaries.begin(), boundaries.end());
    boundaries.erase(std::unique(boundaries.begin(), boundaries.end()), boundaries.end());
    // Seqno 0 is before everything: nobody there can see an entry, so it is no boundary.
    if (boundaries.front() == 0) boundaries.erase(boundaries.begin());
    return boundaries;
}

EntryDropper::EntryDropper(DropRules rules)
    : boundaries_(boundaries_of(rules)),
      now_ms_(rules.now_ms),
      may_exist_below_(std::move(rules.may_exist_below)),
      ranges_(std::move(rules.range_tombstones)) {
    if (ranges_ != nullptr && ranges_->empty()) ranges_ = nullptr;
}

/// Whether a range tombstone of the entry's own class, newer than it, covers it. Keys ascend from
/// call to call.
bool EntryDropper::is_covered(Bytes user_key, Seqno seqno, size_t own_class) {
    while (range_position_ < ranges_->fragments() &&
           ranges_->fragment(range_position_).end <= user_key) {
        ++range_position_;
    }
    if (range_position_ == ranges_->fragments()) return false;
    const RangeTombstoneSet::Fragment fragment = ranges_->fragment(range_position_);
    // The newest that a reader at the class's boundary sees; in between nobody reads.
    return fragment.begin <= user_key && fragment.newest_at(boundaries_[own_class]) > seqno;
}

size_t EntryDropper::class_of(Seqno seqno) const {
    return static_cast<size_t>(std::lower_bound(boundaries_.begin(), boundaries_.end(), seqno) -
                               boundaries_.begin());
}

Seqno EntryDropper::shadowed_above() const {
    if (last_class_ == boundaries_.size()) return kMaxSeqno;  // not published: each is kept
    return last_class_ == 0 ? 0 : boundaries_[last_class_ - 1];
}

bool EntryDropper::is_well_formed(Bytes internal_key, Bytes value) const {
    if (internal_key.size() <= kTrailerBytes) return false;
    const uint64_t trailer = trailer_of(internal_key);
    const Kind kind = trailer_kind(trailer);
    if (!is_known_kind(static_cast<uint8_t>(kind)) || trailer_seqno(trailer) == 0) return false;
    return kind != Kind::kPutWithExpiry || value.size() >= kExpiryBytes;
}

Verdict EntryDropper::decide(Bytes internal_key, Bytes value) {
    if (!is_well_formed(internal_key, value)) return Verdict::kMalformed;
    const Bytes user_key = user_key_of(internal_key);
    const uint64_t trailer = trailer_of(internal_key);
    const int order = any_ ? user_key_.compare(user_key) : -1;
    if (order > 0 || (order == 0 && trailer <= last_trailer_)) return Verdict::kMalformed;

    at_new_user_key_ = order != 0;
    last_trailer_ = trailer;
    any_ = true;
    const size_t own_class = class_of(trailer_seqno(trailer));
    const bool is_published = own_class < boundaries_.size();
    if (!at_new_user_key_ && is_published && own_class == last_class_) {
        return Verdict::kDropShadowed;
    }
    if (at_new_user_key_) user_key_.assign(user_key);
    last_class_ = own_class;
    if (ranges_ != nullptr && is_published &&
        is_covered(user_key, trailer_seqno(trailer), own_class)) {
        return Verdict::kDropCovered;
    }

    const Kind kind = trailer_kind(trailer);
    const bool expired = kind == Kind::kPutWithExpiry && load_fixed64(value.data()) <= now_ms_;
    if (kind != Kind::kDelete && !expired) return Verdict::kKeep;
    // Older versions of this class are shadowed, and the oldest class has no older neighbour: only
    // what lies outside the job could come back to light.
    const bool needed =
        own_class != 0 || !is_published || !may_exist_below_ || may_exist_below_(user_key);
    if (expired) return needed ? Verdict::kKeepAsTombstone : Verdict::kDropExpired;
    return needed ? Verdict::kKeep : Verdict::kDropTombstone;
}

Status EntryDropper::malformed_entry(Bytes internal_key, Bytes value) const {
    if (internal_key.size() <= kTrailerBytes) {
        return Status::corruption("an internal key of " + std::to_string(internal_key.size()) +
                                  " bytes; expected a user key and a trailer of " +
                                  std::to_string(kTrailerBytes));
    }
    const uint64_t trailer = trailer_of(internal_key);
    const std::string entry = "key " + escape_bytes(user_key_of(internal_key), 64) + ", seqno " +
                              std::to_string(trailer_seqno(trailer)) + ", kind " +
                              std::to_string(static_cast<int>(trailer_kind(trailer)));
    if (!is_known_kind(static_cast<uint8_t>(trailer_kind(trailer)))) {
        return Status::corruption(entry + ": unknown kind");
    }
    if (trailer_seqno(trailer) == 0) return Status::corruption(entry + ": seqno 0 is reserved");
    if (!is_well_formed(internal_key, value)) {
        return Status::corruption(entry + ": a value of " + std::to_string(value.size()) +
                                  " bytes cannot hold an expiry");
    }
    return Status::corruption(entry + ": not above the entry before it, key " +
                              escape_bytes(user_key_, 64) + ", seqno " +
                              std::to_string(trailer_seqno(last_trailer_)));
}

void count_verdict(Verdict verdict, MergeCounters& counters) {
    ++counters.entries_in;
    switch (verdict) {
        case Verdict::kKeepAsTombstone:
            ++counters.expired_to_tombstone;
            [[fallthrough]];
        case Verdict::kKeep:
            ++counters.entries_out;
            return;
        case Verdict::kDropShadowed:
            ++counters.dropped_shadowed;
            return;
        case Verdict::kDropTombstone:
            ++counters.dropped_tombstone;
            return;
        case Verdict::kDropExpired:
            ++counters.dropped_expired;
            return;
        case Verdict::kDropCovered:
            ++counters.dropped_covered;
            return;
        case Verdict::kMalformed:
            break;
    }
    KV_ASSERT(false && "a malformed entry has no fate");
}

}  // namespace kv
