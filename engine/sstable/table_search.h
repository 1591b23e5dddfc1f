// TableSearch: a point read of one table in steps. It says which part of the table it needs next
// and goes on when given it, so that the caller decides where parts come from and may let many
// searches wait for the disk together. TableReader::get is the plain loop over it.
//
// Requires that the parts given are those wanted, as TableReader::find_part, read_part or
// admit_part return them.
// Thread rule: one thread at a time; the table and the key must outlive it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sstable/table_reader.h"

namespace kv {

class TableSearch {
  public:
    /// The newest version of `user_key` with seqno <= `seqno`; `hash` is hash64(user_key).
    TableSearch(const TableReader& table, Bytes user_key, uint64_t hash, Seqno seqno)
        : table_(&table), user_key_(user_key), hash_(hash), trailer_(first_trailer_at(seqno)) {}

    /// The first step, without any part: asks what is in memory. Resets `out.found`.
    void begin(TableGet& out);
    /// While true, take() has to be called with wanted(); then `out` holds the answer.
    bool wants_part() const { return wanted_.kind != TablePart::Kind::kNone; }
    const TablePart& wanted() const { return wanted_; }
    /// kCorruption naming file and offset; the search is over then.
    Status take(BlockRef part, TableGet& out);

    const TableReader& table() const { return *table_; }

  private:
    void seek_index();
    void take_filter_piece(const BlockRef& part, TableGet& out);
    void enter_partition(BlockRef part);
    Status take_data_block(BlockRef block, TableGet& out);
    void want_block();
    void next_block();
    void stop() { wanted_.kind = TablePart::Kind::kNone; }
    void miss();

    const TableReader* table_;
    Bytes user_key_;
    uint64_t hash_;
    uint64_t trailer_;
    TablePart wanted_;
    // A place among the data blocks that view_ names, which is all of the index or a partition.
    sstable::IndexView view_;
    size_t at_ = 0;
    size_t partition_ = 0;
    bool goes_on_ = false;  // into the partition behind, at its first block
    BlockRef pin_;          // of view_
};

}  // namespace kv
