// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/sorted_fill.h"

#include <algorithm>

#include "record/key_prefix.h"

namespace kv {

namespace {
// Keys come in order, but their places in the index do not.
constexpr size_t kAhead = 8;
}  // namespace

SortedFill::SortedFill(size_t capacity_bytes)
    : capacity_(capacity_bytes), buffer_(new char[capacity_bytes]) {}

Bytes SortedFill::keep(Bytes bytes) {
    char* const begin = buffer_.get() + used_;
    std::copy(bytes.begin(), bytes.end(), begin);
    used_ += bytes.size();
    return {begin, bytes.size()};
}

void SortedFill::add(Memtable& memtable, const Op& op, Seqno seqno) {
    const size_t bytes = op.key.size() + op.value.size();
    if (op.is_range_delete() || bytes > capacity_) {
        memtable.apply(op, seqno);
        return;
    }
    if (bytes > capacity_ - used_) pour(memtable);
    places_.push_back({user_key_prefix(op.key), static_cast<uint32_t>(ops_.size())});
    Gathered& gathered = ops_.emplace_back(Gathered{op, seqno});
    gathered.op.key = keep(op.key);
    gathered.op.value = keep(op.value);
}

bool SortedFill::comes_before(const Place& a, const Place& b) const {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const Gathered& x = ops_[a.index];
    const Gathered& y = ops_[b.index];
    const int order = x.op.key.compare(y.op.key);
    return order != 0 ? order < 0 : x.seqno > y.seqno;
}

void SortedFill::pour(Memtable& memtable) {
    std::sort(places_.begin(), places_.end(),
              [this](const Place& a, const Place& b) { return comes_before(a, b); });
    for (size_t i = 0; i < places_.size(); ++i) {
        if (i + kAhead < places_.size()) memtable.prefetch(ops_[places_[i + kAhead].index].op.key);
        const Gathered& gathered = ops_[places_[i].index];
        memtable.apply(gathered.op, gathered.seqno);
    }
    places_.clear();
    ops_.clear();
    used_ = 0;
}

}  // namespace kv
