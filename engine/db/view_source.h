// The entries that a walk over a view has to merge: its memtables and tables, left out where
// nothing in them can be visible.
// Callers: DbImpl::new_iterator. Thread rule: that of InternalIterator, one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "db/read_view.h"
#include "iterator/internal_iterator.h"
#include "kv/db.h"

namespace kv::db {

/// Every entry of `view` with a seqno up to `seqno`, others possibly too. `view` and `tables` must
/// outlive the iterator, and `seqno` must have been read after the view was taken.
std::unique_ptr<InternalIterator> new_view_source(const ReadView& view, TableCache& tables,
                                                  Seqno seqno, const ReadOptions& options);

}  // namespace kv::db
