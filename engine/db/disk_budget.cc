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

bool only_deletes(const WriteBatch& batch) {
    BatchReader reader(batch.encoded());
    for (Op op; reader.next(op);) {
        const bool is_delete = op.kind == static_cast<uint8_t>(Kind::kDelete);
        if (!is_delete && !op.is_range_delete()) return false;
    }
    return true;
}

}  // namespace

DiskBudget::DiskBudget(const Options& options)
    : budget_bytes_(options.disk_budget_bytes), reserve_bytes_(reserve_of(options)) {}

uint64_t DiskBudget::least_bytes(const Options& options) { return 2 * reserve_of(options); }

void DiskBudget::update(uint64_t used_bytes) {
    used_bytes_.store(used_bytes, std::memory_order_relaxed);
    if (budget_bytes_ == 0) return;
    const uint64_t room = budget_bytes_ - std::min(budget_bytes_, used_bytes);
    // Deletes may use half of the reserve: what they free comes only after a flush and a merge.
    const Verdict verdict = room >= reserve_bytes_       ? Verdict::kRoom
                            : room >= reserve_bytes_ / 2 ? Verdict::kDeletesOnly
                                                         : Verdict::kFull;
    verdict_.store(verdict, std::memory_order_release);
}

bool DiskBudget::refuses(const WriteBatch& batch) const {
    const Verdict now = verdict();
    if (now == Verdict::kRoom || batch.count() == 0) [[likely]]
        return false;
    return now == Verdict::kFull || !only_deletes(batch);
}

Status DiskBudget::refusal() const {
    return Status::no_space(
        "the store uses " + std::to_string(used_bytes()) + " of its disk budget of " +
        std::to_string(budget_bytes_) + " bytes, " + std::to_string(reserve_bytes_) +
        " of which are kept free for flush and compaction; " +
        (verdict() == Verdict::kFull ? "wait for compaction" : "delete something") +
        " or raise disk_budget; writes resume by themselves");
}

bool DiskBudget::has_room_for(uint64_t bytes) const {
    return budget_bytes_ == 0 || used_bytes() + bytes <= budget_bytes_;
}

}  // namespace kv::db
