// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/admission.h"

#include <algorithm>

#include "db/memory_budget.h"

namespace kv::db {

namespace {

constexpr uint64_t kSecondUs = 1'000'000;
/// A base measured over less would be that of a burst.
constexpr uint64_t kMeasureUs = 100'000;
/// Even one step before the hard limit something is let in, lest that step never come.
constexpr double kSmallestShare = 0.05;
/// Of the bytes stored, what compaction may owe before it counts.
constexpr uint64_t kSoftStoredShare = 8, kHardStoredShare = 2;

/// 0 at `soft` and below, 1 at `hard`.
double part_of(uint64_t value, uint64_t soft, uint64_t hard) {
    if (value <= soft) return 0;
    if (value >= hard) return 1;
    return static_cast<double>(value - soft) / static_cast<double>(hard - soft);
}

}  // namespace

Admission::Limits Admission::limits_for(const Options& options) {
    Limits limits;
    limits.hard_level0_tables = options.level0_stop_trigger;
    limits.soft_level0_tables =
        std::max(options.level0_compaction_trigger, options.level0_stop_trigger * 2 / 3);
    limits.soft_debt_bytes = 16 * options.level1_bytes;
    limits.hard_debt_bytes = 64 * options.level1_bytes;
    limits.most_immutables = MemoryBudget::kMaxImmutables;
    return limits;
}

double Admission::severity(const Pressure& pressure) const {
    const double level0 =
        part_of(pressure.level0_tables, limits_.soft_level0_tables, limits_.hard_level0_tables);
    const double debt =
        part_of(pressure.debt_bytes,
                std::max(limits_.soft_debt_bytes, pressure.stored_bytes / kSoftStoredShare),
                std::max(limits_.hard_debt_bytes, pressure.stored_bytes / kHardStoredShare));
    // One may always wait. With all of them waiting the active one still has room.
    const double memtables = part_of(pressure.immutables, 1, limits_.most_immutables + 1);
    return std::max({level0, debt, memtables});
}

void Admission::measure_base(const Pressure& pressure, uint64_t now_us) {
    const uint64_t elapsed_us = now_us - measured_us_;
    if (elapsed_us < kMeasureUs) return;
    const auto bytes = static_cast<double>(pressure.written_bytes - measured_from_bytes_);
    const double rate = bytes * kSecondUs / static_cast<double>(elapsed_us);
    base_ = std::max(kSmallestBase, static_cast<uint64_t>(rate));
    measured_us_ = now_us;
    measured_from_bytes_ = pressure.written_bytes;
}

void Admission::observe(const Pressure& pressure, uint64_t now_us) {
    const double severe = severity(pressure);
    const std::lock_guard lock(mutex_);
    // While writes are limited their rate says nothing of how fast they would come.
    if (rate_ == UINT64_MAX) measure_base(pressure, now_us);
    if (severe == 0) {
        if (rate_ != UINT64_MAX) {
            measured_us_ = now_us;
            measured_from_bytes_ = pressure.written_bytes;
        }
        rate_ = UINT64_MAX;
    } else {
        rate_ = static_cast<uint64_t>(static_cast<double>(base_) *
                                      std::max(kSmallestShare, 1 - severe));
    }
    limits_writes_.store(rate_ != UINT64_MAX, std::memory_order_relaxed);
    overloaded_.store(severe >= 1, std::memory_order_relaxed);
}

uint64_t Admission::wait_us(uint64_t now_us) const {
    const std::lock_guard lock(mutex_);
    const double ahead_us = next_us_ - static_cast<double>(now_us);
    if (rate_ == UINT64_MAX || ahead_us <= kGrainUs) return 0;
    return std::min(static_cast<uint64_t>(ahead_us), kLongestWaitUs);
}

void Admission::admitted(uint64_t bytes, uint64_t now_us) {
    const std::lock_guard lock(mutex_);
    if (rate_ == UINT64_MAX) return;
    const auto now = static_cast<double>(now_us);
    const double cost_us = static_cast<double>(bytes) * kSecondUs / static_cast<double>(rate_);
    // A huge group does not make the next one pay for all of it.
    next_us_ = std::min(std::max(next_us_, now) + cost_us, now + kLongestWaitUs);
}

uint64_t Admission::bytes_per_second() const {
    const std::lock_guard lock(mutex_);
    return rate_;
}

}  // namespace kv::db
