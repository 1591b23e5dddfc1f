// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/sorted_fill.h"

#include <algorithm>
#include <array>

#include "record/key_prefix.h"

namespace kv {

SortedFill::SortedFill(size_t memtable_bytes)
    : memtable_bytes_(memtable_bytes),
      capacity_(memtable_bytes / 4),
      buffer_(new char[capacity_]) {}

Bytes SortedFill::keep(Bytes bytes) {
    char* const begin = buffer_.get() + used_;
    std::copy(bytes.begin(), bytes.end(), begin);
    used_ += bytes.size();
    return {begin, bytes.size()};
}

void SortedFill::add(std::shared_ptr<Memtable>& memtable, const Op& op, Seqno seqno) {
    const size_t bytes = op.key.size() + op.value.size();
    if (op.is_range_delete() || bytes > capacity_) {
        memtable->apply(op, seqno);
        return;
    }
    // More like these are to come, as many as a memtable takes.
    if (bytes > capacity_ - used_)
        pour_into(memtable, ops_.size() * memtable_bytes_ / this->bytes());
    Memtable::NumberedOp& gathered = ops_.emplace_back(Memtable::NumberedOp{op, seqno});
    gathered.op.key = keep(op.key);
    gathered.op.value = keep(op.value);
    common_prefix_ =
        ops_.size() == 1 ? gathered.op.key : common_prefix_of(common_prefix_, gathered.op.key);
}

bool SortedFill::comes_before(const Place& a, const Place& b) const {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const Memtable::NumberedOp& x = ops_[a.index];
    const Memtable::NumberedOp& y = ops_[b.index];
    const int order = x.op.key.compare(y.op.key);
    return order != 0 ? order < 0 : x.seqno < y.seqno;
}

void SortedFill::pour(std::shared_ptr<Memtable>& memtable) { pour_into(memtable, ops_.size()); }

void SortedFill::pour_into(std::shared_ptr<Memtable>& memtable, uint64_t expected_keys) {
    if (ops_.empty()) return;
    if (memtable->empty()) memtable = memtable->made_for(common_prefix_, expected_keys);
    const size_t skip = common_prefix_.size();
    for (uint32_t i = 0; i < ops_.size(); ++i)
        places_.push_back({user_key_prefix(ops_[i].op.key.substr(skip)), i});
    std::sort(places_.begin(), places_.end(),
              [this](const Place& a, const Place& b) { return comes_before(a, b); });
    std::array<Memtable::NumberedOp, Memtable::kTogether> chunk;
    for (size_t i = 0; i < places_.size();) {
        size_t taken = 0;
        while (taken < chunk.size() && i < places_.size())
            chunk[taken++] = ops_[places_[i++].index];
        memtable->apply_all({chunk.data(), taken});
    }
    places_.clear();
    ops_.clear();
    used_ = 0;
}

}  // namespace kv
