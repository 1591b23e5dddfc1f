// GarbageCollector: unlinks what no durable version, reader or job refers to any more, and nothing
// while the MANIFEST is in doubt (engine.md 7).
// Thread rule: collect runs on the compaction lane, one at a time by its mutex; the rest any
// thread. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

#include "db/store_context.h"
#include "db/table_cache.h"
#include "version/manifest.h"

namespace kv::db {

class GarbageCollector {
  public:
    /// `obsolete_segments` are the names of those below the oldest needed that open has found.
    GarbageCollector(StoreContext& context, Manifest& manifest, TableCache& tables,
                     const std::vector<std::string>& obsolete_segments);

    /// Has collect() run soon.
    void schedule();
    void collect();

  private:
    void collect_tables();
    void collect_segments();

    StoreContext& context_;
    Manifest& manifest_;
    TableCache& tables_;
    std::mutex mutex_;
    uint64_t first_segment_;  // guarded by mutex_: oldest segment file that may exist
};

}  // namespace kv::db
