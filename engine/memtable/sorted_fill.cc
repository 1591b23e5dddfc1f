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

/// In key order, what was gathered lies all over the buffer: it is fetched in two steps, first the
/// operation and then, by its pointers, key and value.
void SortedFill::prefetch_behind(size_t i) const {
    constexpr size_t kOps = 2 * Memtable::kTogether;
    constexpr size_t kBytes = Memtable::kTogether;
    if (i + kOps < places_.size()) {
        const auto* op = reinterpret_cast<const char*>(&ops_[places_[i + kOps].index]);
        __builtin_prefetch(op);
        __builtin_prefetch(op + sizeof(Memtable::NumberedOp) - 1);
    }
    if (i + kBytes < places_.size()) {
        const char* key = ops_[places_[i + kBytes].index].op.key.data();
        __builtin_prefetch(key);
        __builtin_prefetch(key + 64);
    }
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
        while (taken < chunk.size() && i < places_.size()) {
            prefetch_behind(i);
            chunk[taken++] = ops_[places_[i++].index];
        }
        memtable->apply_all({chunk.data(), taken});
    }
    places_.clear();
    ops_.clear();
    used_ = 0;
}

}  // namespace kv
