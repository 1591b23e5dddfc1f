// The block of a table's range tombstones: engine/docs/sstable_format.md is the format.
// Callers: the table builder, the reader, the full check. Thread rule: plain functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/status.h"
#include "record/range_tombstones.h"
#include "sstable/table_options.h"

namespace kv::sstable {

/// What no range tombstone of a table may be, or null.
const char* range_tombstone_problem(const RangeTombstone& tombstone);

/// Puts them into the order of the block (begin, end, newest first), without doubles, and gives the
/// block's content.
std::string encode_range_tombstones(std::vector<RangeTombstone>& tombstones);

/// kCorruption without a file name when the content is not exactly such a block.
Status decode_range_tombstones(Bytes content, std::vector<RangeTombstone>& out);

/// Counts them in the properties and widens the bounds of keys and seqnos to cover them.
void count_range_tombstones(const std::vector<RangeTombstone>& tombstones,
                            TableProperties& properties);

}  // namespace kv::sstable
