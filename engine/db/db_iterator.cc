// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/db_iterator.h"

#include <algorithm>

#include "base/coding.h"

namespace kv::db {

namespace {

/// Before every entry of a user key, and behind every one.
constexpr uint64_t kFrontTrailer = pack_trailer(kMaxSeqno, static_cast<Kind>(0xFF));
constexpr uint64_t kBackTrailer = pack_trailer(0, static_cast<Kind>(0));

uint64_t prefix_of(Bytes key) {
    if (key.size() >= 8) return load_big_endian64(key.data());
    char padded[8] = {};
    std::copy(key.begin(), key.end(), padded);
    return load_big_endian64(padded);
}

}  // namespace

void DbIterator::Bound::set(std::string bound) {
    key = std::move(bound);
    prefix = prefix_of(key);
    is_set = true;
}

inline bool DbIterator::Bound::is_above(Bytes user_key) const {
    const uint64_t other = prefix_of(user_key);
    return other != prefix ? other < prefix : user_key < key;
}

DbIterator::DbIterator(ViewLease view, std::unique_ptr<InternalIterator> source,
                       SnapshotPtr snapshot, Seqno seqno, uint64_t now_ms,
                       const ScanOptions& options)
    : view_(std::move(view)),
      source_(std::move(source)),
      snapshot_(std::move(snapshot)),
      snapshot_trailer_(pack_trailer(seqno, static_cast<Kind>(0xFF))),
      now_ms_(now_ms) {
    if (options.lower) lower_.set(*options.lower);
    if (options.upper) upper_.set(*options.upper);
    if (options.prefix.empty()) return;
    if (!lower_.is_set || lower_.key < options.prefix) lower_.set(options.prefix);
    std::string behind = prefix_successor(options.prefix);
    if (!behind.empty() && (!upper_.is_set || behind < upper_.key)) upper_.set(std::move(behind));
}

Bytes DbIterator::value() const {
    const Bytes stored = forward_ ? at_.value : Bytes(value_);
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

void DbIterator::find_forward(bool skip_current) {
    // Invariant: every version of key_ is decided when skip_current is set.
    valid_ = false;
    forward_ = true;
    for (; source_valid_; source_valid_ = source_->next_entry(at_)) {
        const Bytes user_key = user_key_of(at_.key);
        if (skip_current && key_.equals(user_key)) continue;
        if (upper_.is_set && !upper_.is_above(user_key)) return;
        uint64_t expiry_ms;
        const Sight sight = look(at_, expiry_ms);
        if (sight == Sight::kLive) [[likely]] {
            seqno_of_entry_ = trailer_seqno(trailer_of(at_.key));
            expiry_ms_ = expiry_ms;
            valid_ = true;
            return;
        }
        if (sight == Sight::kDead) {
            if (!status_.is_ok()) return;
            key_.assign(user_key);
            skip_current = true;
        }
    }
}

void DbIterator::find_backward() {
    // Versions come oldest first: the last visible one met decides for its key.
    valid_ = false;
    forward_ = false;
    Sight decided = Sight::kHidden;
    for (; source_valid_; source_valid_ = source_->prev_entry(at_)) {
        const Bytes user_key = user_key_of(at_.key);
        if (decided != Sight::kHidden && !key_.equals(user_key)) {
            if (decided == Sight::kLive) break;
            decided = Sight::kHidden;
        }
        if (lower_.is_set && lower_.is_above(user_key)) break;
        uint64_t expiry_ms;
        const Sight sight = look(at_, expiry_ms);
        if (sight == Sight::kHidden) continue;
        if (sight == Sight::kDead && !status_.is_ok()) return;
        if (decided == Sight::kHidden) key_.assign(user_key);
        decided = sight;
        if (sight == Sight::kLive) {
            value_.assign(at_.value);
            seqno_of_entry_ = trailer_seqno(trailer_of(at_.key));
            expiry_ms_ = expiry_ms;
        }
    }
    valid_ = decided == Sight::kLive && (source_valid_ || source_->status().is_ok());
}

void DbIterator::source_seek(Bytes user_key, uint64_t trailer) {
    target_.clear();
    append_internal_key(target_, user_key, trailer);
    source_->seek(target_);
    source_valid_ = source_->current(at_);
}

void DbIterator::source_seek_for_prev(Bytes user_key, uint64_t trailer) {
    target_.clear();
    append_internal_key(target_, user_key, trailer);
    source_->seek_for_prev(target_);
    source_valid_ = source_->current(at_);
}

void DbIterator::seek_to_first() {
    status_ = Status::ok();
    if (lower_.is_set) {
        source_seek(lower_.key, snapshot_trailer_);
    } else {
        source_->seek_to_first();
        source_valid_ = source_->current(at_);
    }
    find_forward(false);
}

void DbIterator::seek_to_last() {
    status_ = Status::ok();
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
    status_ = Status::ok();
    source_seek(key, snapshot_trailer_);
    find_forward(false);
}

void DbIterator::seek_for_prev(Bytes key) {
    if (upper_.is_set && !upper_.is_above(key)) {
        seek_to_last();
        return;
    }
    status_ = Status::ok();
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
