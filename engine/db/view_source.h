// The entries that a walk over a view has to merge: its memtables and tables, left out where
// nothing in them can be visible.
// Callers: DbImpl::new_iterator. Thread rule: that of InternalIterator, one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "db/db_iterator.h"
#include "db/read_view.h"
#include "kv/db.h"

namespace kv::db {

/// Every entry of `view` within the bounds of `options` with a seqno up to `seqno`, others possibly
/// too, and the range deletes there. A damaged table outside of the bounds does no harm. `view` and
/// `tables` must outlive the source, and `seqno` must have been read after the view was taken.
/// kWouldBlock in its status when the range deletes of tables are not in memory (cache_only).
/// `counts`, if not null, counts the blocks touched and must outlive the source.
WalkSource new_view_source(const ReadView& view, TableCache& tables, Seqno seqno,
                           const ScanOptions& options, BlockCounts* counts = nullptr);

}  // namespace kv::db
