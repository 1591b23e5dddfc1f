// IndexCursor: a place among a table's data blocks. It hides whether the index is one run of memory
// or lies in partitions that come from the block cache or the disk.
// Callers: the table iterator, dumps, the full check.
// Thread rule: one thread at a time; the table must outlive it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "cache/block_ref.h"
#include "sstable/index.h"

namespace kv {

class TableReader;
struct ReadMode;

class IndexCursor {
  public:
    /// Stands nowhere.
    explicit IndexCursor(const TableReader& table) : table_(table) {}

    /// Each moves to a data block and gives what came of reading a partition: kWouldBlock,
    /// kCorruption, kIoError; the cursor then stands nowhere. Ok and not valid(): there is none.
    Status seek(Bytes user_key, uint64_t trailer, const ReadMode& mode);
    Status seek_to_first(const ReadMode& mode);
    Status seek_to_last(const ReadMode& mode);
    /// Require valid().
    Status next(const ReadMode& mode);
    Status prev(const ReadMode& mode);

    bool valid() const { return at_ < view_.blocks(); }
    /// Of the current block, as are those below. Require valid().
    sstable::BlockHandle handle() const { return view_.handle(at_); }
    Bytes separator() const { return view_.separator(at_); }
    /// The data block before or behind the current one, where that is known without a read.
    bool neighbour(bool behind, sstable::BlockHandle& handle) const {
        const size_t at = behind ? at_ + 1 : at_ - 1;  // before the first: wraps
        if (at >= view_.blocks()) return false;
        handle = view_.handle(at);
        return true;
    }

  private:
    static constexpr size_t kNone = SIZE_MAX;

    Status enter(size_t partition, const ReadMode& mode);
    void leave();
    size_t partitions() const;

    const TableReader& table_;
    size_t partition_ = kNone;  // whose blocks view_ names
    sstable::IndexView view_;
    BlockRef pin_;  // of view_
    size_t at_ = 0;
};

}  // namespace kv
