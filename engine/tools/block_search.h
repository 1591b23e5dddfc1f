// Finding the blocks of a table whose index is lost. A block ends with a checksum over all of it,
// salted with the file's number and its own place, so nothing else is taken for one; and where it
// can end follows from its content (sstable/block_extent.h), so few checksums are computed.
// Caller: salvage_carve.cc. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "sstable/block_extent.h"
#include "sstable/table_format.h"

namespace kv::tools {

class BlockSearch {
  public:
    struct Found {
        sstable::BlockHandle block;
        /// Only a data block is built so: else it may be of what follows those.
        bool is_data = false;
    };

    /// `file` must stay in place.
    BlockSearch(Bytes file, uint64_t number) : file_(file), number_(number), plain_(file) {}

    bool is_block(uint64_t offset, uint64_t size) const;
    /// The block at a place where there should be one.
    std::optional<Found> block_at(uint64_t offset);
    /// The first block that begins in [from, end), whatever lies before it. Linear: what looked
    /// like blocks and was none may cost so much for each byte searched. Where that is used up,
    /// which takes data made for it, long blocks may be missed.
    std::optional<Found> next_block(uint64_t from, uint64_t end);
    /// The properties, which the footer names; the last there are.
    std::optional<sstable::BlockHandle> find_properties() const;

  private:
    std::optional<Found> find_at(uint64_t offset, uint64_t limit);
    uint64_t filter_size_at(uint64_t offset) const;
    uint64_t allowance() const;

    const Bytes file_;
    const uint64_t number_;
    sstable::PlainBlocks plain_;
    uint64_t searched_ = 0;  // bytes passed over by next_block
    uint64_t spent_ = 0;     // bytes gone over in vain
};

}  // namespace kv::tools
