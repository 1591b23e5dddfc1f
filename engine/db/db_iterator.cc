// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/db_iterator.h"

#include <algorithm>

#include "base/coding.h"
#include "db/scan_bounds.h"

namespace kv::db {

namespace {

/// Before every entry of a user key, and behind every one.
constexpr uint64_t kFrontTrailer = first_trailer_at(kMaxSeqno);
constexpr uint64_t kBackTrailer = pack_trailer(0, static_cast<Kind>(0));

/// Dead keys in a row that are worth remembering, and after how many another way is tried again.
constexpr uint64_t kLearnFrom = 16;
constexpr uint64_t kSkipEvery = 32;
/// Versions of one key that are passed one by one before a seek passes the rest.
constexpr uint32_t kMaxVersionSteps = 8;

}  // namespace

void DbIterator::Bound::set(std::string bound) {
    key = std::move(bound);
    prefix = user_key_prefix(key);
    is_set = true;
}

inline bool DbIterator::Bound::is_above(Bytes user_key) const {
    const uint64_t other = user_key_prefix(user_key);
    return other != prefix ? other < prefix : user_key < key;
}

DbIterator::DbIterator(StoreContext& context, ViewLease view, WalkSource source,
                       SnapshotPtr snapshot, Seqno seqno, uint64_t now_ms,
                       const ScanOptions& options)
    : view_(std::move(view)),
      source_(std::move(source.entries)),
      runs_(source.runs),
      context_(context),
      snapshot_(std::move(snapshot)),
      snapshot_seqno_(seqno),
      snapshot_trailer_(first_trailer_at(seqno)),
      now_ms_(now_ms),
      max_skipped_(options.max_skipped),
      source_status_(std::move(source.status)),
      cover_(source.range_deletes, seqno) {
    ScanBounds bounds(options);
    if (bounds.lower) lower_.set(std::move(*bounds.lower));
    if (bounds.upper) upper_.set(std::move(*bounds.upper));
}

DbIterator::~DbIterator() {
    if (!valid_) context_.note_failed_read(status());
}

Bytes DbIterator::value() const {
    const Bytes stored = forward_ ? at_.value : value_;
    return expiry_ms_ != 0 ? stored.substr(kExpiryBytes) : stored;
}

inline DbIterator::Sight DbIterator::look(const InternalEntry& entry, uint64_t& expiry_ms) {
    const uint64_t trailer = trailer_of(entry.key);
    expiry_ms = 0;
    if (trailer < snapshot_trailer_) return Sight::kHidden;
    if (trailer_kind(trailer) == Kind::kPut) [[likely]]
        return Sight::kLive;
    return look_closer(entry, expiry_ms);
}

DbIterator::Sight DbIterator::look_closer(const InternalEntry& entry, uint64_t& expiry_ms) {
    const uint64_t trailer = trailer_of(entry.key);
    const Kind kind = trailer_kind(trailer);
    if (kind == Kind::kDelete) return Sight::kDead;
    if (kind == Kind::kPutWithExpiry && entry.value.size() >= kExpiryBytes) {
        expiry_ms = load_fixed64(entry.value.data());
        return expiry_ms > now_ms_ ? Sight::kLive : Sight::kDead;
    }
    status_ = Status::corruption("key \"" + escape_bytes(user_key_of(entry.key), 64) +
                                 "\" at seqno " + std::to_string(trailer_seqno(trailer)) +
                                 " has kind " + std::to_string(static_cast<int>(kind)) +
                                 " and a value of " + std::to_string(entry.value.size()) +
                                 " bytes, which this version cannot read");
    return Sight::kDead;
}

/// Passes one version that is not shown. After a few of one key, a seek to `trailer` of it passes
/// the rest; only forward, where the source then stands on or behind that.
void DbIterator::leave_version(uint32_t& versions, uint64_t trailer) {
    ++skipped_;
    if (++versions % kMaxVersionSteps != 0) {
        source_valid_ = source_->next_entry(at_);
    } else {
        source_seek(user_key_of(at_.key), trailer);
    }
}

/// Whether the walk stops before `user_key`, of which it has decided nothing yet.
bool DbIterator::stop_at_budget(Bytes user_key) {
    if (max_skipped_ == 0 || skipped_ < max_skipped_) [[likely]]
        return false;
    exhausted_ = true;
    resume_key_.assign(user_key);
    return true;
}

void DbIterator::count_dead(Bytes user_key, uint64_t expiry_ms) {
    if (run_.keys++ == 0) {
        run_.first.assign(user_key);
        run_.expiry_ms = 0;
    }
    run_.last.assign(user_key);
    run_.expiry_ms = std::max(run_.expiry_ms, expiry_ms);
    if (run_.keys % kSkipEvery == 1) skip_dead(user_key);
}

/// `user_key` is dead: where more is known to be so, moves as much of the source as may be moved.
void DbIterator::skip_dead(Bytes user_key) {
    const auto move = [&](Bytes to, Seqno below) {
        if (!source_valid_) return;
        target_.assign(to, kFrontTrailer);
        const Bytes target = target_.bytes();
        const bool is_ahead = (compare_internal_keys(at_.key, target) < 0) == forward_;
        if (!is_ahead) return;
        forward_ ? source_->skip_forward(target, below) : source_->skip_back(target, below);
        source_valid_ = source_->current(at_);
    };
    if (!cover_.empty()) {
        if (const Seqno covered = cover_.at(user_key); covered != 0)
            move(forward_ ? cover_.end() : cover_.begin(), covered);
    }
    if (runs_ != nullptr && !runs_->empty()) {
        if (const auto run = runs_->find(user_key, snapshot_seqno_, now_ms_)) {
            move(forward_ ? run->end : run->begin, UINT64_MAX);
            // The run may be forgotten before this walk teaches what it has passed.
            run_.expiry_ms = std::max(run_.expiry_ms, run->expiry_ms);
        }
    }
}

/// The walk has met a live key, a bound or an end.
void DbIterator::learn_run() {
    if (run_.keys >= kLearnFrom && runs_ != nullptr && source_->status().is_ok()) {
        // Forward, there is nothing up to where the source stands, or to the upper bound: tables
        // behind that may not be in it.
        const bool ends_here = forward_ && source_valid_;
        const bool is_outside =
            upper_.is_set && ends_here && !upper_.is_above(user_key_of(at_.key));
        std::string end(is_outside  ? Bytes(upper_.key)
                        : ends_here ? user_key_of(at_.key)
                        : forward_  ? run_.last.bytes()
                                    : Bytes(run_.first));
        if (!ends_here) end.push_back('\0');
        const Bytes begin = forward_ ? Bytes(run_.first) : run_.last.bytes();
        runs_->add(begin, end, snapshot_seqno_, run_.expiry_ms, run_.keys);
    }
    run_.keys = 0;
}

/// Whether the entry that the source stands on, of `user_key`, is hidden by a range delete.
inline bool DbIterator::is_covered(Bytes user_key) {
    return !cover_.empty() && cover_.at(user_key) > trailer_seqno(trailer_of(at_.key));
}

void DbIterator::show(uint64_t expiry_ms) {
    seqno_of_entry_ = trailer_seqno(trailer_of(at_.key));
    expiry_ms_ = expiry_ms;
    valid_ = true;
}

void DbIterator::find_forward(bool skip_current) {
    valid_ = false;
    forward_ = true;
    walk_forward(skip_current);
    if (run_.keys != 0) learn_run();
}

void DbIterator::walk_forward(bool skip_current) {
    bool has_key = skip_current;     // key_ is the key whose versions are being met
    bool is_decided = skip_current;  // and none of them is to be shown
    uint32_t versions = 0;
    while (source_valid_) {
        const Bytes user_key = user_key_of(at_.key);
        const bool is_new = !has_key || !key_.equals(user_key);
        if (!is_new && is_decided) {
            leave_version(versions, kBackTrailer);
            continue;
        }
        if (is_new) {
            if (upper_.is_set && !upper_.is_above(user_key)) return;
            if (stop_at_budget(user_key)) return;
            versions = 0;
        }
        uint64_t expiry_ms;
        Sight sight = look(at_, expiry_ms);
        if (sight == Sight::kLive && is_covered(user_key)) {
            sight = Sight::kDead;
            expiry_ms = 0;
        }
        if (sight == Sight::kLive) [[likely]]
            return show(expiry_ms);
        if (!status_.is_ok()) return;
        if (is_new) key_.assign(user_key);
        has_key = true;
        is_decided = sight == Sight::kDead;
        if (is_decided) {
            count_dead(key_.bytes(), expiry_ms);
        } else {
            leave_version(versions, snapshot_trailer_);
        }
    }
}

void DbIterator::find_backward() {
    forward_ = false;
    valid_ = false;
    const bool is_live = walk_backward();
    valid_ = is_live && (source_valid_ || source_->status().is_ok());
    if (run_.keys != 0) learn_run();
}

/// True when key_ and value_ are what is to be shown next.
bool DbIterator::walk_backward() {
    // Versions come oldest first: the last visible one met decides for its key.
    Sight decided = Sight::kHidden;
    uint64_t expiry_ms = 0;
    bool has_key = false;  // key_ is the key whose versions are being met
    while (source_valid_) {
        const Bytes user_key = user_key_of(at_.key);
        if (has_key && !key_.equals(user_key)) {
            if (decided == Sight::kLive) break;
            has_key = false;
            if (decided == Sight::kDead) {
                decided = Sight::kHidden;
                count_dead(key_.bytes(), expiry_ms);
                continue;  // perhaps elsewhere
            }
        }
        if (!has_key) {
            if (lower_.is_set && lower_.is_above(user_key)) break;
            if (stop_at_budget(user_key)) break;
            key_.assign(user_key);
            has_key = true;
        }
        uint64_t entry_expiry_ms;
        const Sight sight = look(at_, entry_expiry_ms);
        if (sight != Sight::kHidden) {
            if (!status_.is_ok()) return false;
            decided = sight;
            expiry_ms = entry_expiry_ms;
            if (sight == Sight::kLive && is_covered(user_key)) {
                decided = Sight::kDead;
                expiry_ms = 0;
            } else if (sight == Sight::kLive) {
                value_ = at_.value;
                seqno_of_entry_ = trailer_seqno(trailer_of(at_.key));
                expiry_ms_ = expiry_ms;
            }
        } else if (decided == Sight::kLive) {
            keep_value();
        }
        ++skipped_;
        source_valid_ = source_->prev_entry(at_);
    }
    if (decided != Sight::kLive) return false;
    --skipped_;  // one of those passed is shown
    return true;
}

/// The source, which has left the entry shown, is to move once more.
void DbIterator::keep_value() {
    if (value_.data() == value_copy_.data()) return;
    value_copy_.assign(value_);
    value_ = value_copy_;
}

bool DbIterator::begin_seek() {
    status_ = source_status_;
    exhausted_ = false;
    skipped_ = 0;
    valid_ = false;
    source_valid_ = false;
    return status_.is_ok();
}

void DbIterator::source_seek(Bytes user_key, uint64_t trailer) {
    target_.assign(user_key, trailer);
    source_->seek(target_.bytes());
    source_valid_ = source_->current(at_);
}

void DbIterator::source_seek_for_prev(Bytes user_key, uint64_t trailer) {
    target_.assign(user_key, trailer);
    source_->seek_for_prev(target_.bytes());
    source_valid_ = source_->current(at_);
}

void DbIterator::seek_to_first() {
    if (!begin_seek()) return;
    if (lower_.is_set) {
        source_seek(lower_.key, snapshot_trailer_);
    } else {
        source_->seek_to_first();
        source_valid_ = source_->current(at_);
    }
    find_forward(false);
}

void DbIterator::seek_to_last() {
    if (!begin_seek()) return;
    if (upper_.is_set) {
        source_seek_for_prev(upper_.key, kFrontTrailer);
    } else {
        source_->seek_to_last();
        source_valid_ = source_->current(at_);
    }
    find_backward();
}

void DbIterator::seek(Bytes key) {
    if (lower_.is_set && lower_.is_above(key)) {
        seek_to_first();
        return;
    }
    if (!begin_seek()) return;
    source_seek(key, snapshot_trailer_);
    find_forward(false);
}

void DbIterator::seek_for_prev(Bytes key) {
    if (upper_.is_set && !upper_.is_above(key)) {
        seek_to_last();
        return;
    }
    if (!begin_seek()) return;
    source_seek_for_prev(key, kBackTrailer);
    find_backward();
}

void DbIterator::next() {
    if (forward_) {
        key_.assign(user_key_of(at_.key));
        source_valid_ = source_->next_entry(at_);
    } else {
        source_seek(key_.bytes(), kBackTrailer);
    }
    find_forward(true);
}

void DbIterator::prev() {
    if (forward_) {
        // The source may stand on the key's newest version at the snapshot: newer ones are before.
        key_.assign(user_key_of(at_.key));
        source_seek_for_prev(key_.bytes(), kFrontTrailer);
    }
    find_backward();
}

}  // namespace kv::db
