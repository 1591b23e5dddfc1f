// The memtable: counts and a hash index beside a list that is put in order when somebody walks.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/memtable.h"

#include <array>
#include <utility>

#include "base/coding.h"
#include "kv/assert.h"
#include "memtable/memtable_iterators.h"
#include "record/key_prefix.h"

namespace kv {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

void Memtable::insert(Bytes user_key, uint64_t trailer, Bytes head, Bytes tail) {
    const uint64_t hash = KeyIndex::hash_of(user_key);
    SkipList::Node* const anchor = index_.find(hash, user_key);
    if (anchor != nullptr) return list_.add_version(*anchor, trailer, head, tail);
    index_.put(hash, &list_.add_key(user_key, trailer, head, tail));
}

void Memtable::add(Bytes user_key, Seqno seqno, Kind kind, Bytes internal_value) {
    uint64_t expiry_ms = 0;
    if (kind == Kind::kPutWithExpiry) {
        KV_ASSERT(internal_value.size() >= kExpiryBytes);
        expiry_ms = load_fixed64(internal_value.data());
    }
    insert(user_key, pack_trailer(seqno, kind), {}, internal_value);
    count(seqno, kind, expiry_ms);
}

void Memtable::add_with_expiry(Bytes user_key, Seqno seqno, uint64_t expiry_ms, Bytes user_value) {
    char head[kExpiryBytes];
    store_fixed64(head, expiry_ms);
    insert(user_key, pack_trailer(seqno, Kind::kPutWithExpiry), {head, kExpiryBytes}, user_value);
    count(seqno, Kind::kPutWithExpiry, expiry_ms);
}

void Memtable::apply(const Op& op, Seqno seqno) {
    switch (op.internal_kind()) {
        case Kind::kPutWithExpiry:
            return add_with_expiry(op.key, seqno, op.expiry_ms, op.value);
        case Kind::kRangeDelete:
            return add_range_delete(op.key, op.value, seqno);
        default:
            return add(op.key, seqno, op.internal_kind(), op.value);
    }
}

uint64_t Memtable::apply_all(Bytes ops, Seqno first_seqno, bool is_fetched) {
    BatchReader reader(ops);
    Seqno seqno = first_seqno;
    Op op;
    if (is_fetched) {
        while (reader.next(op)) apply(op, seqno++);
        return seqno - first_seqno;
    }
    std::array<Op, kTogether> chunk;
    std::array<Bytes, kTogether> keys;
    for (size_t taken = kTogether; taken == kTogether;) {
        for (taken = 0; taken < kTogether && reader.next(op); ++taken) {
            chunk[taken] = op;
            keys[taken] = op.key;
        }
        if (taken > 1) prefetch({keys.data(), taken});
        for (size_t i = 0; i < taken; ++i) apply(chunk[i], seqno++);
    }
    return seqno - first_seqno;
}

void Memtable::prefetch(std::span<const Bytes> user_keys) const {
    KV_ASSERT(user_keys.size() <= kTogether);
    std::array<uint64_t, kTogether> hashes;
    for (size_t i = 0; i < user_keys.size(); ++i) {
        hashes[i] = KeyIndex::hash_of(user_keys[i]);
        index_.prefetch_slot(hashes[i]);
    }
    // Of one key alone no more: its caller has other things to do until the slot is there.
    if (user_keys.size() == 1) return;
    // Each round rests on what the one before it has fetched.
    std::array<const SkipList::Node*, kTogether> anchors;
    size_t known = 0;
    std::array<Bytes, kTogether> new_keys;
    size_t fresh = 0;
    for (size_t i = 0; i < user_keys.size(); ++i) {
        const SkipList::Node* const anchor = index_.guess(hashes[i]);
        if (anchor == nullptr) {
            new_keys[fresh++] = user_keys[i];
            continue;
        }
        SkipList::prefetch(*anchor);
        anchors[known++] = anchor;
    }
    for (size_t i = 0; i < known; ++i) SkipList::prefetch(*anchors[i]->newest());
    list_.prefetch_places({new_keys.data(), fresh});
    for (size_t i = 0; i < known; ++i) SkipList::prefetch_older(*anchors[i]->newest());
}

void Memtable::add_range_delete(Bytes begin, Bytes end, Seqno seqno) {
    widen_seqnos(seqno);
    ranges_.add(begin, end, seqno);
}

void Memtable::widen_seqnos(Seqno seqno) {
    if (smallest_seqno() == 0 || seqno < smallest_seqno()) smallest_seqno_.store(seqno, kRelaxed);
    if (seqno > largest_seqno()) largest_seqno_.store(seqno, kRelaxed);
}

void Memtable::count(Seqno seqno, Kind kind, uint64_t expiry_ms) {
    // One writer: a plain load and store is enough and cheaper than an atomic addition.
    widen_seqnos(seqno);
    if (kind == Kind::kDelete) tombstones_.store(tombstones() + 1, kRelaxed);
    if (kind == Kind::kPutWithExpiry) {
        const uint64_t earliest = earliest_expiry_ms();
        if (earliest == 0 || expiry_ms < earliest) earliest_expiry_ms_.store(expiry_ms, kRelaxed);
    }
    entries_.store(entries() + 1, kRelaxed);
}

std::optional<MemtableEntry> Memtable::get(Bytes user_key, uint64_t hash, Seqno read_seqno) const {
    const uint64_t wanted = first_trailer_at(read_seqno);
    const SkipList::Node* node = index_.find(hash, user_key);
    if (node == nullptr) return std::nullopt;
    if (const SkipList::Node* version = node->version_at_or_after(wanted)) {
        node = version;
    } else {
        // What is older than the anchor follows it.
        do {
            node = node->next();
            if (node != nullptr && node->user_key() != user_key) return std::nullopt;
        } while (node != nullptr && node->trailer() < wanted);
    }
    if (node == nullptr) return std::nullopt;
    const uint64_t trailer = node->trailer();
    return MemtableEntry{trailer_kind(trailer), trailer_seqno(trailer), node->value()};
}

Bytes Memtable::common_prefix() const {
    return common_prefix_of(list_.smallest_key(), list_.largest_key());
}

std::shared_ptr<Memtable> Memtable::successor() const {
    return std::shared_ptr<Memtable>(
        new Memtable(common_prefix(), pool_, list_.keys(), list_.prompt_keys()));
}

std::unique_ptr<InternalIterator> Memtable::new_iterator() const {
    return new_list_iterator(list_.in_order());
}

std::unique_ptr<InternalIterator> Memtable::new_flush_iterator() const {
    if (auto nodes = list_.sorted()) return new_sorted_iterator(*std::move(nodes));
    return new_iterator();
}

}  // namespace kv
