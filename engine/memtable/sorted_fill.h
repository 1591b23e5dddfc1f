// SortedFill: fills a memtable from the log. Operations are gathered and put in in key order, which
// costs a fraction of what the order of the log does: each insertion begins where the one before it
// ended, and walks memory forwards.
//
// Thread rule: one thread. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "memtable/memtable.h"

namespace kv {

class SortedFill {
  public:
    /// Gathers up to `capacity_bytes` of keys and values before it pours them.
    explicit SortedFill(size_t capacity_bytes);

    /// Takes a copy of a resolved operation for `memtable`, which must be the one of all operations
    /// gathered. Range deletes, and what is larger than the capacity, go there at once.
    void add(Memtable& memtable, const Op& op, Seqno seqno);
    /// Puts in what was gathered. Before anybody else looks at the memtable.
    void pour(Memtable& memtable);
    /// What `memtable` will take for what was gathered, about.
    size_t bytes() const { return used_ + ops_.size() * kNodeBytes; }

  private:
    /// A skip list node's header and links, on average.
    static constexpr size_t kNodeBytes = 48;
    struct Place {
        uint64_t prefix;  // of the key
        uint32_t index;   // in ops_
    };

    bool comes_before(const Place& a, const Place& b) const;
    Bytes keep(Bytes bytes);

    const size_t capacity_;
    const std::unique_ptr<char[]> buffer_;
    size_t used_ = 0;
    std::vector<Memtable::NumberedOp> ops_;  // key and value lie in buffer_
    std::vector<Place> places_;
};

}  // namespace kv
