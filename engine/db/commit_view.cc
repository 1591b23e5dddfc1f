// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/commit_view.h"

#include <string>
#include <utility>

#include "db/db_iterator.h"
#include "db/range_count.h"
#include "db/view_source.h"

namespace kv::db {

Status StoreCommitView::find(const ReadView& view, Bytes key, Found& found) {
    return lookup(view, tables_, key, kMaxSeqno, ReadTime(now_ms_), commit_read_mode(may_block_),
                  found);
}

Result<std::optional<Entry>> StoreCommitView::get(Bytes key) {
    const ViewLease view = views_.acquire();
    Found found;
    KV_RETURN_IF_ERROR(find(*view, key, found));
    if (!found.live) return std::optional<Entry>();
    return std::optional<Entry>(Entry{std::string(found.value), found.seqno, found.expiry_ms});
}

Result<std::optional<EntryHead>> StoreCommitView::get_head(Bytes key) {
    const ViewLease view = views_.acquire();
    Found found;
    KV_RETURN_IF_ERROR(find(*view, key, found));
    return head_of(found);
}

uint64_t StoreCommitView::approximate_count(const ScanOptions& options) {
    const ViewLease view = views_.pin();
    return db::approximate_count(*view, tables_, options);
}

std::unique_ptr<Iterator> StoreCommitView::new_iterator(const ScanOptions& options) {
    ScanOptions newest = options;
    newest.snapshot = nullptr;
    ViewLease view = views_.pin();
    WalkSource source = new_view_source(*view, tables_, kMaxSeqno, newest);
    // What it passes over may rest on writes that are not published yet: nobody may learn it.
    source.runs = nullptr;
    return std::make_unique<DbIterator>(context_, std::move(view), std::move(source), nullptr,
                                        kMaxSeqno, now_ms_, newest);
}

}  // namespace kv::db
