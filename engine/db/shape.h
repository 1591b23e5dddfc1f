// Shape: what the store is made of at this moment (active memtable, immutable memtables, tables),
// and the only place where that changes. Every change installs a new ReadView. Thread rule: any
// thread, except freeze (holder of the commit baton).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "db/read_view.h"
#include "db/table_set.h"
#include "version/manifest.h"

namespace kv::db {

class Shape {
  public:
    Shape(Manifest& manifest, TableCache& tables, ViewRegistry& views)
        : manifest_(manifest), table_cache_(tables), views_(views) {}

    /// The first view: `active` may hold what replay left. Before anything else.
    void start(std::shared_ptr<Memtable> active);
    /// Makes the active memtable immutable and returns the new active one; null when `limit` of
    /// them wait already.
    std::shared_ptr<Memtable> freeze(size_t limit);
    /// The memtable to flush next; null when none waits.
    std::shared_ptr<Memtable> oldest_immutable() const;
    /// `memtable`, the oldest, is in the current version now.
    void memtable_flushed(const std::shared_ptr<Memtable>& memtable);
    /// The manifest has a new current version.
    void version_changed();

    size_t immutable_count() const { return immutable_count_.load(std::memory_order_acquire); }
    size_t level0_tables() const { return level0_tables_.load(std::memory_order_acquire); }
    /// Whether the active memtable deletes anything.
    bool active_deletes() const;
    /// Heap bytes of all memtables.
    uint64_t memtable_bytes() const;

  private:
    void install();

    Manifest& manifest_;
    TableCache& table_cache_;
    ViewRegistry& views_;
    std::atomic<size_t> immutable_count_{0};
    std::atomic<size_t> level0_tables_{0};

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    std::shared_ptr<Memtable> active_;
    std::vector<std::shared_ptr<Memtable>> immutables_;  // newest first
    std::shared_ptr<const TableSet> tables_;
    uint64_t content_ = 1;  // ReadView::content
};

}  // namespace kv::db
