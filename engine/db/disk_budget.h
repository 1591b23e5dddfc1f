// DiskBudget: keeps the data directory within Options::disk_budget_bytes.
//
// Room is set aside for what must never be refused: memtables that have to be written out, the next
// log segments, a merge's outputs beside its inputs. Writes are refused while that room is not
// there, batches that only delete last, since they are the way out; reads and compaction go on.
// Thread rule: any thread; verdict() is one atomic load.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "kv/options.h"
#include "kv/status.h"
#include "kv/write_batch.h"

namespace kv::db {

class DiskBudget {
  public:
    enum class Verdict : uint8_t { kRoom, kDeletesOnly, kFull };

    /// `options`: derived ones.
    explicit DiskBudget(const Options& options);

    /// The smallest budget that these sizes can work with.
    static uint64_t least_bytes(const Options& options);

    /// Every file of the directory together, now.
    void update(uint64_t used_bytes);
    Verdict verdict() const { return verdict_.load(std::memory_order_acquire); }
    /// Whether a write of `batch` has to be refused.
    bool refuses(const WriteBatch& batch) const;
    /// kNoSpace, with what is used and allowed.
    Status refusal() const;
    /// Whether a job may write so much beside everything there is.
    bool has_room_for(uint64_t bytes) const;

    uint64_t budget_bytes() const { return budget_bytes_; }
    uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }

  private:
    const uint64_t budget_bytes_;  // 0: none
    const uint64_t reserve_bytes_;
    std::atomic<uint64_t> used_bytes_{0};
    std::atomic<Verdict> verdict_{Verdict::kRoom};
};

}  // namespace kv::db
