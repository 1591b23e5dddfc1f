// Validation of Options: every problem in one message, so that an operator fixes them in one go.
// SPDX-License-Identifier: Apache-2.0
#include "kv/options.h"

#include <string>

#include "db/disk_budget.h"
#include "db/memory_budget.h"
#include "kv/db.h"

namespace kv {

namespace {

class Problems {
  public:
    void require_range(std::string_view name, uint64_t value, uint64_t low, uint64_t high) {
        if (value >= low && value <= high) return;
        add(std::string(name) + " is " + std::to_string(value) + ", must be from " +
            std::to_string(low) + " to " + std::to_string(high));
    }
    void require(bool holds, std::string_view problem) {
        if (!holds) add(std::string(problem));
    }
    Status status() const {
        return text_.empty() ? Status::ok() : Status::invalid_argument("options: " + text_);
    }

  private:
    void add(const std::string& problem) {
        if (!text_.empty()) text_ += "; ";
        text_ += problem;
    }
    std::string text_;
};

}  // namespace

Status validate_options(const Options& o) {
    Problems p;
    p.require_range("memory_budget_bytes", o.memory_budget_bytes, 16ULL << 20, 1ULL << 50);
    if (o.memtable_bytes != 0)
        p.require_range("memtable_bytes", o.memtable_bytes, 4ULL << 10, 4ULL << 30);
    p.require(o.memory_budget_bytes / 2 >= o.memtable_bytes &&
                  o.memory_budget_bytes - 2 * o.memtable_bytes >= o.block_cache_bytes,
              "memory_budget_bytes is " + std::to_string(o.memory_budget_bytes) +
                  ", must hold twice memtable_bytes (" + std::to_string(o.memtable_bytes) +
                  ") and block_cache_bytes (" + std::to_string(o.block_cache_bytes) + ")");
    p.require_range("block_cache_bytes", o.block_cache_bytes, 0, 1ULL << 50);
    if (o.disk_budget_bytes != 0) {
        const uint64_t least = db::DiskBudget::least_bytes(db::derive_from_budget(o));
        p.require(o.disk_budget_bytes >= least,
                  "disk_budget_bytes is " + std::to_string(o.disk_budget_bytes) +
                      ", must be 0 or at least " + std::to_string(least) +
                      " for these memtable_bytes, wal_segment_bytes and table_bytes");
    }
    p.require_range("block_size_bytes", o.block_size_bytes, 64, 4U << 20);
    p.require_range("table_bytes", o.table_bytes, 4ULL << 10, 4ULL << 30);
    p.require_range("bloom_bits_per_key", o.bloom_bits_per_key, 0, 32);
    p.require_range("wal_segment_bytes", o.wal_segment_bytes, 4ULL << 10, 4ULL << 30);
    p.require_range("level0_compaction_trigger", o.level0_compaction_trigger, 1, 1000);
    p.require_range("level0_stop_trigger", o.level0_stop_trigger, 2, 10000);
    p.require(o.level0_stop_trigger > o.level0_compaction_trigger,
              "level0_stop_trigger must be above level0_compaction_trigger");
    p.require_range("level1_bytes", o.level1_bytes, 4ULL << 10, 1ULL << 50);
    p.require_range("compaction_threads", o.compaction_threads, 0, 64);
    if (o.max_queued_write_bytes != 0)
        p.require_range("max_queued_write_bytes", o.max_queued_write_bytes, 1ULL << 20, 1ULL << 40);
    p.require_range("max_key_bytes", o.max_key_bytes, 1, kMaxKeyBytes);
    p.require_range("max_value_bytes", o.max_value_bytes, 0, kMaxValueBytes);
    p.require_range("max_batch_bytes", o.max_batch_bytes, 1, kMaxBatchBytes);
    return p.status();
}

}  // namespace kv
