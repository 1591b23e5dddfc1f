// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/memory_budget.h"

#include <algorithm>

#include "db/derived_options.h"

namespace kv::db {

namespace {

constexpr uint64_t kMiB = 1ULL << 20;
// An eighth: with one active and three waiting, memtables never take more than half.
constexpr uint64_t kMemtableShare = 8;
// Larger ones save little compaction and make each flush and each replay longer.
constexpr uint64_t kLargestMemtable = 64 * kMiB;
constexpr uint64_t kQueueShare = 8;
constexpr uint64_t kSmallestCacheShare = 16;
constexpr uint64_t kLogShare = 16;
constexpr uint64_t kRowPart = 8;  // of the block cache
// The log comes near its share only when the disk is slower than a burst of writes that ask for
// less than a sync.
constexpr uint64_t kMostLogBytes = 48 * kMiB;
constexpr uint64_t kQueuedPart = 3;        // of the log's share; the rest is for what is not synced
constexpr uint64_t kInputsReadAhead = 16;  // a level 0 merge's usual width
constexpr uint64_t kReadAheadBytes = 256ULL << 10;
// The hash of every key of an output is kept until its filter is built: 8 bytes for an entry that
// is rarely below 64.
constexpr uint64_t kHashShare = 8;

}  // namespace

uint64_t compaction_memory_bytes(const Options& options) {
    return kInputsReadAhead * kReadAheadBytes + options.table_bytes / kHashShare;
}

LogMemory log_memory(const Options& options) {
    const uint64_t share = std::min(options.memory_budget_bytes / kLogShare, kMostLogBytes);
    return {.queued_bytes = share / kQueuedPart, .unsynced_bytes = share - share / kQueuedPart};
}

uint64_t row_memory_bytes(const Options& options) { return options.block_cache_bytes / kRowPart; }

Options derive_from_budget(Options options) {
    const uint64_t budget = options.memory_budget_bytes;
    if (options.memtable_bytes == 0)
        options.memtable_bytes = std::clamp(budget / kMemtableShare, kMiB, kLargestMemtable);
    if (options.max_queued_write_bytes == 0)
        options.max_queued_write_bytes = std::max(budget / kQueueShare, kMiB);
    if (options.block_cache_bytes == 0)
        options.block_cache_bytes = MemoryBudget(options, 0).cache_bytes({});
    return options;
}

MemoryBudget::MemoryBudget(const Options& options, uint64_t explicit_cache)
    : budget_bytes_(options.memory_budget_bytes),
      reserved_bytes_(options.memtable_bytes + options.max_queued_write_bytes +
                      log_memory(options).total() +
                      compaction_threads(options) * compaction_memory_bytes(options)),
      most_cache_bytes_(explicit_cache == 0 ? UINT64_MAX : explicit_cache) {}

uint64_t MemoryBudget::cache_bytes(const Use& use) const {
    const uint64_t taken = reserved_bytes_ + use.memtable_bytes + use.table_bytes + use.row_bytes;
    const uint64_t rest = budget_bytes_ > taken ? budget_bytes_ - taken : 0;
    const uint64_t most = most_cache_bytes_ - std::min(use.row_bytes, most_cache_bytes_);
    return std::min(std::max(rest, budget_bytes_ / kSmallestCacheShare + use.held_bytes), most);
}

}  // namespace kv::db
