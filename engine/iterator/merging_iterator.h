// Iterators made of iterators: nothing, a merge of several sources, a level of disjoint tables.
// Thread rule: that of InternalIterator, one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "iterator/internal_iterator.h"
#include "kv/result.h"

namespace kv {

/// Never valid; status() is `status`, so a source that could not be opened can still be merged.
std::unique_ptr<InternalIterator> new_empty_iterator(Status status = Status::ok());

/// Every entry of every child in order, both ways. Where two children hold the same internal key
/// (which the engine never writes), both are shown, the earlier child's first. As soon as any child
/// fails, valid() is false and status() is that child's: a merge never passes over a hole. Null
/// children are not allowed; none or one is fine.
std::unique_ptr<InternalIterator> new_merging_iterator(
    std::vector<std::unique_ptr<InternalIterator>> children);

/// The sorted, disjoint tables of one level, as a walk over them sees them.
class TableRun {
  public:
    virtual ~TableRun() = default;
    virtual size_t size() const = 0;
    /// Index of the first table whose largest internal key is >= `internal_key`; size() if none is.
    virtual size_t find(Bytes internal_key) const = 0;
    /// The smallest internal key of a table.
    virtual Bytes smallest(size_t index) const = 0;
    /// No entry of the table has a larger seqno.
    virtual Seqno largest_seqno(size_t index) const = 0;
    virtual Result<std::unique_ptr<InternalIterator>> open(size_t index) const = 0;
};

/// One walk over a run of tables. A table is opened when the walk reaches it and closed when the
/// walk leaves it. A failure to open one surfaces in status().
std::unique_ptr<InternalIterator> new_level_iterator(std::unique_ptr<const TableRun> run);

/// What a table covers, both ends inclusive, as internal keys.
struct TableBounds {
    Bytes smallest;
    Bytes largest;
};
/// Gives an iterator over the table at `index` of the bounds list.
using TableIteratorFactory = std::function<Result<std::unique_ptr<InternalIterator>>(size_t index)>;

/// The same over tables given by a list; the bytes behind `bounds` must outlive the iterator.
std::unique_ptr<InternalIterator> new_level_iterator(std::vector<TableBounds> bounds,
                                                     TableIteratorFactory open);

}  // namespace kv
