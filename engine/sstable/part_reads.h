// Reading many parts of many tables together, for searches that wait for them.
// Thread rule: any thread; each list by one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "kv/file_system.h"
#include "sstable/table_reader.h"

namespace kv {

struct PartRead {
    const TableReader* table = nullptr;
    TablePart part;
    Result<BlockRef> got = BlockRef();  ///< What TableReader::read_part would have returned.
};

/// Whether a list has `a` before `b`.
inline bool comes_before(const TableReader& a, const TablePart& part_of_a, const TableReader& b,
                         const TablePart& part_of_b) {
    if (a.file_number() != b.file_number()) return a.file_number() < b.file_number();
    return part_of_a.handle.offset < part_of_b.handle.offset;
}

/// Reads all of them from the disk with one call of `fs`, which opened the tables, verifies each,
/// and keeps them in the cache as `mode` says. Neighbours in a file are one read. The outcome of
/// each is its own. Requires that the list is sorted by comes_before and names no part twice.
void read_parts_together(FileSystem& fs, std::span<PartRead> reads, const ReadMode& mode);

}  // namespace kv
