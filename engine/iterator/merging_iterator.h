// Iterators made of iterators: nothing, a merge of several sources, a level of disjoint tables.
// Thread rule: that of InternalIterator, one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "iterator/internal_iterator.h"
#include "kv/result.h"

namespace kv {

/// Never valid; status() is `status`, so a source that could not be opened can still be merged.
std::unique_ptr<InternalIterator> new_empty_iterator(Status status = Status::ok());

/// Every entry of every child in order, both ways. Where two children hold the same internal key
/// (which the engine never writes), both are shown, the earlier child's first. As soon as any child
/// fails, valid() is false and status() is that child's: a merge never passes over a hole. Null
/// children are not allowed; none or one is fine. The children are taken out of the span.
std::unique_ptr<InternalIterator> new_merging_iterator(
    std::span<std::unique_ptr<InternalIterator>> children);

/// What a table covers, both ends inclusive, as internal keys.
struct TableBounds {
    Bytes smallest;
    Bytes largest;
};
/// Gives an iterator over the table at `index` of the bounds list.
using TableIteratorFactory = std::function<Result<std::unique_ptr<InternalIterator>>(size_t index)>;

/// One walk over the sorted, disjoint tables of a level (iterator/level_iterator.h); the bytes
/// behind `bounds` must outlive the iterator.
std::unique_ptr<InternalIterator> new_level_iterator(std::vector<TableBounds> bounds,
                                                     TableIteratorFactory open);

}  // namespace kv
