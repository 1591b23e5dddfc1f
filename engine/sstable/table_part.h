// TablePart: a block of a table that a read may need, and what kind of block it is; the kind says
// what of it is kept in the cache. A plain value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "cache/block_cache.h"
#include "sstable/table_format.h"

namespace kv {

struct TablePart {
    enum class Kind : uint8_t { kNone, kFilterPiece, kIndexPartition, kDataBlock };
    static constexpr size_t kKinds = 4;

    Kind kind = Kind::kNone;
    BlockCache::Use use = BlockCache::Use::kIndex;
    sstable::BlockHandle handle;
    size_t number = 0;  ///< Of a filter piece or an index partition.

    /// As it lies in the file, trailer included.
    size_t stored_bytes() const { return handle.size + sstable::kBlockTrailerBytes; }

    static TablePart filter_piece(const sstable::BlockHandle& handle, size_t piece) {
        return {Kind::kFilterPiece, BlockCache::Use::kIndex, handle, piece};
    }
    static TablePart index_partition(const sstable::BlockHandle& handle, size_t partition) {
        return {Kind::kIndexPartition, BlockCache::Use::kIndex, handle, partition};
    }
    static TablePart data_block(const sstable::BlockHandle& handle,
                                BlockCache::Use use = BlockCache::Use::kPoint) {
        return {Kind::kDataBlock, use, handle, 0};
    }
};

}  // namespace kv
