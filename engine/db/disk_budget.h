// DiskBudget: keeps the data directory within Options::disk_budget_bytes.
//
// Room is set aside for what must never be refused: memtables that have to be written out, the next
// log segments, a merge's outputs beside its inputs. Writes are refused while that room is not
// there, batches that only delete last, since they are the way out; reads and compaction go on, and
// compaction starts nothing whose outputs have no room beside everything else.
// Thread rule: any thread; verdict() is one atomic load.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

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
    /// What running jobs may write. `written_bytes` of it are on the disk, and used by the next
    /// update: until they are taken off both, they are in the way of other jobs, but not of writes,
    /// which would be refused for what is counted twice.
    void promise(uint64_t job_bytes, uint64_t written_bytes = 0);
    Verdict verdict() const { return verdict_.load(std::memory_order_acquire); }
    /// Whether a write of `batch` has to be refused.
    bool refuses(const WriteBatch& batch) const;
    /// kNoSpace, with what is used and allowed.
    Status refusal() const;
    /// Whether a job may write so much beside everything there is and is to come from others.
    bool has_room_for(uint64_t bytes) const { return bytes <= room_bytes(); }
    /// For how much there is room; UINT64_MAX without a budget.
    uint64_t room_bytes() const;
    /// The same for a job that lets writes go on meanwhile, and for one that is urgent and lets
    /// deletes go on, unless those are refused anyway.
    uint64_t spare_bytes() const;
    uint64_t urgent_bytes() const;
    /// Whether writes are refused for what is stored, not just while jobs run: space must be freed.
    bool is_short() const { return is_short_.load(std::memory_order_acquire); }

    uint64_t budget_bytes() const { return budget_bytes_; }
    uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }

  private:
    void judge();

    const uint64_t budget_bytes_;  // 0: none
    const uint64_t reserve_bytes_;
    std::mutex judge_mutex_;  // so that the last verdict is that on the last numbers
    std::atomic<uint64_t> used_bytes_{0};
    std::atomic<uint64_t> promised_bytes_{0};
    uint64_t written_bytes_ = 0;  // guarded by judge_mutex_
    std::atomic<bool> is_short_{false};
    std::atomic<Verdict> verdict_{Verdict::kRoom};
};

}  // namespace kv::db
