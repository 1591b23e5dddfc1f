// StoreCommitView: what a WriteProgram sees: the newest state of the store, writes that are not
// published yet included.
// Thread rule: holder of the commit baton.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "db/lookup.h"
#include "db/read_view.h"
#include "db/store_context.h"
#include "db/table_cache.h"
#include "kv/write_program.h"
#include "sstable/table_reader.h"

namespace kv::db {

/// How the commit stage looks keys up.
inline ReadMode commit_read_mode(bool may_block) {
    ReadMode mode;
    mode.cache_only = !may_block;
    return mode;
}

class StoreCommitView final : public CommitView {
  public:
    StoreCommitView(StoreContext& context, ViewRegistry& views, TableCache& tables, bool may_block)
        : context_(context),
          views_(views),
          tables_(tables),
          now_ms_(context.clock.wall_ms()),
          may_block_(may_block) {}

    Result<std::optional<Entry>> get(Bytes key) override;
    Result<std::optional<EntryHead>> get_head(Bytes key) override;
    std::unique_ptr<Iterator> new_iterator(const ScanOptions& options) override;
    uint64_t approximate_count(const ScanOptions& options) override;
    bool may_block() const override { return may_block_; }
    uint64_t wall_ms() const override { return now_ms_; }

  private:
    Status find(const ReadView& view, Bytes key, Found& found);

    StoreContext& context_;
    ViewRegistry& views_;
    TableCache& tables_;
    const uint64_t now_ms_;
    const bool may_block_;
};

}  // namespace kv::db
