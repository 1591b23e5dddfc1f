// MemoryBudget: how one number, Options::memory_budget_bytes, is divided.
//
// Memtables, queued writes, the log and compaction have fixed shares, so that a store never has to
// choose between writing and its budget; what they and the open tables do not use is the block
// cache's, which grows and shrinks with them. A pure function of options and present use.
// Thread rule: immutable, any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kv/options.h"

namespace kv::db {

/// `options` with everything that is 0 derived from the memory budget. Requires valid options.
Options derive_from_budget(Options options);

class MemoryBudget {
  public:
    /// Memtables that may wait for flush besides the active one before writes wait for them.
    static constexpr uint64_t kMaxImmutables = 3;

    /// `options`: derived ones. `explicit_cache`: Options::block_cache_bytes as the caller gave it.
    MemoryBudget(const Options& options, uint64_t explicit_cache);

    struct Use {
        uint64_t memtable_bytes = 0;  ///< All memtables, those that readers still hold included.
        uint64_t table_bytes = 0;     ///< Indexes and filters of open tables.
        uint64_t row_bytes = 0;       ///< The row cache.
        uint64_t held_bytes = 0;      ///< Of the block cache, what readers of tables hold on to.
    };
    /// What the block cache may hold beside that; never below what is held in it and a sixteenth of
    /// the budget for everything else.
    uint64_t cache_bytes(const Use& use) const;

  private:
    const uint64_t budget_bytes_;
    const uint64_t reserved_bytes_;  // all fixed shares but that of memtables that wait for flush
    const uint64_t most_cache_bytes_;
};

/// Bytes that one compaction job holds at its peak: read-ahead of its inputs, the block, index and
/// filter of an output being built.
uint64_t compaction_memory_bytes(const Options& options);

/// What the log side may hold: a sixteenth of the budget, up to 48 MiB. One write may be larger
/// than either, and goes alone then.
struct LogMemory {
    uint64_t queued_bytes = 0;    ///< Records that wait to be written; past it commits pause.
    uint64_t unsynced_bytes = 0;  ///< Written records, kept until a sync; past it one is forced.

    uint64_t total() const { return queued_bytes + unsynced_bytes; }
};
LogMemory log_memory(const Options& options);

/// What the row cache may take once it pays: an eighth of what blocks may, and from them. Requires
/// derived options.
uint64_t row_memory_bytes(const Options& options);

}  // namespace kv::db
