// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/commit_view.h"

#include <string>
#include <utility>

#include "db/db_iterator.h"
#include "db/lookup.h"
#include "db/view_source.h"

namespace kv::db {

Result<std::optional<Entry>> StoreCommitView::get(Bytes key) {
    const ViewLease view = views_.acquire();
    Found found;
    KV_RETURN_IF_ERROR(lookup(*view, tables_, key, kMaxSeqno, ReadTime(now_ms_),
                              commit_read_mode(may_block_), found));
    if (!found.live) return std::optional<Entry>();
    return std::optional<Entry>(Entry{std::string(found.value), found.seqno, found.expiry_ms});
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
