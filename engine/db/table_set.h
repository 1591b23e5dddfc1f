// TableSet: the tables of one Version, laid out for searching. Built once a version, shared by
// every ReadView of it. Bounds are kept as arrays of 8-byte big-endian prefixes, so that most steps
// of a search touch one cache line and compare integers. Thread rule: immutable but for
// what walks learn about it; any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "db/hidden_runs.h"
#include "db/table_cache.h"
#include "kv/result.h"
#include "record/range_tombstones.h"
#include "version/version.h"

namespace kv::db {

class TableSet {
  public:
    struct Table {
        const FileMeta* file;  // lives as long as the TableSet
        std::shared_ptr<TableSlot> slot;
        Bytes smallest;  // user key
        Bytes largest;   // user key
        bool largest_is_exclusive;

        bool ends_before(Bytes user_key) const {
            return largest_is_exclusive ? largest <= user_key : largest < user_key;
        }
        bool may_hold(Bytes user_key) const {
            return smallest <= user_key && !ends_before(user_key);
        }
    };

    TableSet(std::shared_ptr<const Version> version, TableCache& cache);

    const Version& version() const { return *version_; }
    const std::shared_ptr<const Version>& version_ptr() const { return version_; }
    int levels() const { return static_cast<int>(levels_.size()); }
    /// Level 0: newest first. Others: by key.
    const std::vector<Table>& tables(int level) const {
        return levels_[static_cast<size_t>(level)].tables;
    }
    /// The one table of `level` (>= 1) whose range holds `user_key`; null when none does.
    const Table* find(int level, Bytes user_key) const;

    /// Of all tables; 0 without any.
    Seqno largest_seqno() const { return largest_seqno_; }
    /// The range deletes of all tables; null without any. Put together on first use, which opens
    /// the tables that have some, and kept. kWouldBlock when `cache_only` and that has not been
    /// done.
    Result<RangeTombstoneSetPtr> range_tombstones(TableCache& cache, bool cache_only) const;
    /// The same of those tables alone for which `counts` is true. Not kept.
    Result<RangeTombstoneSetPtr> range_tombstones_where(
        TableCache& cache, const std::function<bool(const Table&)>& counts) const;
    /// What walks have learnt about these tables.
    HiddenRuns& hidden_runs() const { return hidden_runs_; }

  private:
    struct Level {
        std::vector<Table> tables;
        std::vector<uint64_t> largest_prefixes;  // of tables, same order; empty for level 0
    };
    const std::shared_ptr<const Version> version_;
    std::vector<Level> levels_;
    Seqno largest_seqno_ = 0;
    bool has_ranges_ = false;
    mutable std::mutex ranges_mutex_;
    mutable RangeTombstoneSetPtr ranges_;  // guarded by ranges_mutex_; null until first asked for
    mutable HiddenRuns hidden_runs_;
};

}  // namespace kv::db
