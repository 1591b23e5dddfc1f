// GarbageCollector: unlinks what no durable version, reader or job refers to any more, and nothing
// while the MANIFEST is in doubt (engine.md 7). The file registry tells it when a table has become
// such; whoever makes anything else so calls schedule().
// Thread rule: collect runs on the compaction lane, one at a time by its mutex; the rest any
// thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
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
    ~GarbageCollector();

    /// Called after every collect(). Set before the first.
    void on_collected(std::function<void()> callback) { on_collected_ = std::move(callback); }
    /// Has collect() run soon; once for all that ask before it begins.
    void schedule();
    void collect();

    /// While one exists no log segment is deleted: a checkpoint copies them.
    class Hold {
      public:
        explicit Hold(GarbageCollector& garbage) : garbage_(garbage) { garbage.hold(); }
        ~Hold() { garbage_.release(); }
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;

      private:
        GarbageCollector& garbage_;
    };

  private:
    void hold();
    void release();
    void collect_tables();
    void collect_segments();

    StoreContext& context_;
    Manifest& manifest_;
    TableCache& tables_;
    std::function<void()> on_collected_;
    std::atomic<bool> scheduled_{false};
    std::mutex mutex_;
    // Guarded by mutex_.
    uint64_t first_segment_;  // oldest segment file that may exist
    uint32_t holds_ = 0;
};

}  // namespace kv::db
