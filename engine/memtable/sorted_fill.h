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
    /// For memtables of `memtable_bytes`: gathers a quarter of that in keys and values before it
    /// pours them.
    explicit SortedFill(size_t memtable_bytes);

    /// Takes a copy of a resolved operation for `memtable`, which must be the one of all operations
    /// gathered. Range deletes, and what is too large to gather, go there at once. Else as pour().
    void add(std::shared_ptr<Memtable>& memtable, const Op& op, Seqno seqno);
    /// Puts in what was gathered, before anybody else looks at the memtable. One that is still
    /// empty is replaced by one that is made for keys like these.
    void pour(std::shared_ptr<Memtable>& memtable);
    /// What `memtable` will take for what was gathered, about.
    size_t bytes() const { return used_ + ops_.size() * kEntryBytes; }

  private:
    /// A skip list node's header and links and its part of the index, on average.
    static constexpr size_t kEntryBytes = 72;
    struct Place {
        uint64_t prefix;  // of the key behind what all have in common
        uint32_t index;   // in ops_
    };

    bool comes_before(const Place& a, const Place& b) const;
    void prefetch_behind(size_t i) const;
    Bytes keep(Bytes bytes);
    void pour_into(std::shared_ptr<Memtable>& memtable, uint64_t expected_keys);

    const size_t memtable_bytes_;
    const size_t capacity_;
    const std::unique_ptr<char[]> buffer_;
    size_t used_ = 0;
    Bytes common_prefix_;                    // of the keys gathered
    std::vector<Memtable::NumberedOp> ops_;  // key and value lie in buffer_
    std::vector<Place> places_;
};

}  // namespace kv
