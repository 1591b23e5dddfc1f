// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/disk_budget.h"

#include <algorithm>

#include "db/memory_budget.h"
#include "record/batch_format.h"

namespace kv::db {

namespace {

/// What may come although writes have stopped: all memtables as tables, the segment in preparation
/// and the one after, and a merge of a few tables.
uint64_t reserve_of(const Options& options) {
    return (MemoryBudget::kMaxImmutables + 1) * options.memtable_bytes +
           2 * options.wal_segment_bytes + 4 * options.table_bytes;
}

bool only_deletes(const WriteBatch& batch, bool by_range) {
    BatchReader reader(batch.encoded());
    for (Op op; reader.next(op);) {
        const bool is_delete = op.kind == static_cast<uint8_t>(Kind::kDelete) && !by_range;
        if (!is_delete && !op.is_range_delete()) return false;
    }
    return true;
}

uint64_t difference(uint64_t a, uint64_t b) { return a - std::min(a, b); }

}  // namespace

DiskBudget::DiskBudget(const Options& options)
    : budget_bytes_(options.disk_budget_bytes), reserve_bytes_(reserve_of(options)) {}

uint64_t DiskBudget::least_bytes(const Options& options) { return 2 * reserve_of(options); }

void DiskBudget::update(uint64_t used_bytes) {
    const std::lock_guard lock(judge_mutex_);
    used_bytes_.store(used_bytes, std::memory_order_relaxed);
    judge();
}

void DiskBudget::promise(uint64_t job_bytes, uint64_t written_bytes) {
    const std::lock_guard lock(judge_mutex_);
    promised_bytes_.store(job_bytes, std::memory_order_relaxed);
    written_bytes_ = written_bytes;
    judge();
}

/// Requires judge_mutex_.
void DiskBudget::judge() {
    if (budget_bytes_ == 0) return;
    const uint64_t unused = difference(budget_bytes_, used_bytes());
    // Deletes may use half of the reserve: what they free comes only after a flush and a merge.
    // Jobs leave them a part of it (urgent_bytes).
    const uint64_t promised = promised_bytes_.load(std::memory_order_relaxed);
    const uint64_t to_come = difference(promised, written_bytes_);
    const Verdict verdict = difference(unused, to_come) >= reserve_bytes_ ? Verdict::kRoom
                            : unused >= reserve_bytes_ / 2                ? Verdict::kDeletesOnly
                                                                          : Verdict::kFull;
    verdict_.store(verdict, std::memory_order_release);
    is_short_.store(unused < reserve_bytes_, std::memory_order_release);
}

bool DiskBudget::refuses(const WriteBatch& batch) const {
    const Verdict now = verdict();
    if (now == Verdict::kRoom || batch.count() == 0) [[likely]]
        return false;
    // A few range deletes take next to nothing, and whole tables go unread for them.
    return !only_deletes(batch, now == Verdict::kFull);
}

Status DiskBudget::refusal() const {
    return Status::no_space("the store uses " + std::to_string(used_bytes()) +
                            " of its disk budget of " + std::to_string(budget_bytes_) + " bytes, " +
                            std::to_string(reserve_bytes_) +
                            " of which are kept free for flush and compaction; " +
                            (verdict() == Verdict::kFull ? "delete a range, or wait for compaction,"
                                                         : "delete something") +
                            " or raise disk_budget; writes resume by themselves");
}

uint64_t DiskBudget::room_bytes() const {
    if (budget_bytes_ == 0) return UINT64_MAX;
    return difference(budget_bytes_,
                      used_bytes() + promised_bytes_.load(std::memory_order_relaxed));
}

uint64_t DiskBudget::urgent_bytes() const {
    if (budget_bytes_ == 0) return UINT64_MAX;
    return difference(room_bytes(), verdict() == Verdict::kFull ? 0 : reserve_bytes_ / 4);
}

uint64_t DiskBudget::spare_bytes() const {
    return budget_bytes_ == 0 ? UINT64_MAX : difference(room_bytes(), reserve_bytes_);
}

}  // namespace kv::db
