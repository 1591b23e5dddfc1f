// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/sorted_fill.h"

#include <algorithm>
#include <array>

#include "record/key_prefix.h"

namespace kv {

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
    Memtable::NumberedOp& gathered = ops_.emplace_back(Memtable::NumberedOp{op, seqno});
    gathered.op.key = keep(op.key);
    gathered.op.value = keep(op.value);
}

bool SortedFill::comes_before(const Place& a, const Place& b) const {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const Memtable::NumberedOp& x = ops_[a.index];
    const Memtable::NumberedOp& y = ops_[b.index];
    const int order = x.op.key.compare(y.op.key);
    return order != 0 ? order < 0 : x.seqno < y.seqno;
}

void SortedFill::pour(Memtable& memtable) {
    std::sort(places_.begin(), places_.end(),
              [this](const Place& a, const Place& b) { return comes_before(a, b); });
    std::array<Memtable::NumberedOp, Memtable::kTogether> chunk;
    for (size_t i = 0; i < places_.size();) {
        size_t taken = 0;
        while (taken < chunk.size() && i < places_.size())
            chunk[taken++] = ops_[places_[i++].index];
        memtable.apply_all({chunk.data(), taken});
    }
    places_.clear();
    ops_.clear();
    used_ = 0;
}

}  // namespace kv
