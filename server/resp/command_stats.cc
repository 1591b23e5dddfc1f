// See command_stats.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/command_stats.h"

namespace kv::server {

void CommandStats::add_to(CommandTotals& totals, const Command& command) const {
    const Cell& cell = cells_[command_index(command)];
    totals.calls += cell.calls.load(std::memory_order_relaxed);
    totals.time_us += cell.time_us.load(std::memory_order_relaxed);
    totals.failed += cell.failed.load(std::memory_order_relaxed);
    totals.rejected += cell.rejected.load(std::memory_order_relaxed);
    for (size_t i = 0; i < kLatencyBuckets; ++i) {
        totals.buckets[i] += cell.buckets[i].load(std::memory_order_relaxed);
    }
}

void CommandStats::reset() {
    for (size_t i = 0; i < command_count(); ++i) {
        Cell& cell = cells_[i];
        cell.calls = cell.time_us = cell.failed = cell.rejected = 0;
        for (auto& bucket : cell.buckets) bucket = 0;
    }
}

CommandTotals totals_of(const std::deque<CommandStats>& threads, const Command& command) {
    CommandTotals totals;
    for (const CommandStats& stats : threads) stats.add_to(totals, command);
    return totals;
}

uint64_t calls_of(const std::deque<CommandStats>& threads) {
    uint64_t calls = 0;
    for (size_t i = 0; i < command_count(); ++i) calls += totals_of(threads, command_at(i)).calls;
    return calls;
}

void ErrorStats::record(Bytes answer) {
    if (answer.starts_with('-')) answer.remove_prefix(1);
    const Bytes code = answer.substr(0, answer.find_first_of(" \r\n"));
    total_.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    if (const auto found = counts_.find(code); found != counts_.end()) {
        ++found->second;
    } else if (counts_.size() < kMostCodes) {
        counts_.emplace(code, 1);
    }
}

std::map<std::string, uint64_t> ErrorStats::by_code() const {
    const std::lock_guard lock(mutex_);
    return {counts_.begin(), counts_.end()};
}

void ErrorStats::reset() {
    const std::lock_guard lock(mutex_);
    counts_.clear();
    total_ = 0;
}

}  // namespace kv::server
