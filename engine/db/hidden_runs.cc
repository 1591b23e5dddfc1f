// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/hidden_runs.h"

#include <algorithm>
#include <iterator>

namespace kv::db {

size_t HiddenRuns::cost(const Runs::value_type& run) {
    constexpr size_t kNodeBytes = 64;
    return run.first.size() + run.second.end.size() + sizeof run + kNodeBytes;
}

std::optional<HiddenRuns::Run> HiddenRuns::find(Bytes user_key, Seqno seqno,
                                                uint64_t now_ms) const {
    if (empty()) return std::nullopt;
    const std::lock_guard lock(mutex_);
    auto at = runs_.upper_bound(user_key);
    if (at == runs_.begin()) return std::nullopt;
    --at;
    const Known& run = at->second;
    if (user_key >= run.end || seqno < run.seqno || now_ms < run.expiry_ms) return std::nullopt;
    return Run{at->first, run.end, run.expiry_ms};
}

void HiddenRuns::add(Bytes begin, Bytes end, Seqno seqno, uint64_t expiry_ms, uint64_t entries) {
    if (begin >= end) return;
    const std::lock_guard lock(mutex_);
    Known joined{std::string(end), seqno, expiry_ms, entries};
    std::string first(begin);
    auto at = runs_.upper_bound(begin);
    if (at != runs_.begin() && std::prev(at)->second.end >= begin) --at;
    while (at != runs_.end() && at->first <= joined.end) {
        const Known& other = at->second;
        if (at->first <= begin && other.end >= end) return;
        first = std::min(first, at->first);
        joined.end = std::max(joined.end, other.end);
        joined.seqno = std::max(joined.seqno, other.seqno);
        joined.expiry_ms = std::max(joined.expiry_ms, other.expiry_ms);
        joined.entries += other.entries;
        forget(at++);
    }
    bytes_ += cost(*runs_.emplace(std::move(first), std::move(joined)).first);
    keep_within_bounds();
    any_.store(!runs_.empty(), std::memory_order_release);
}

void HiddenRuns::forget(Runs::iterator run) {
    bytes_ -= cost(*run);
    runs_.erase(run);
}

void HiddenRuns::keep_within_bounds() {
    while (bytes_ > kLargestBytes) {
        forget(std::min_element(runs_.begin(), runs_.end(), [](const auto& a, const auto& b) {
            return a.second.entries < b.second.entries;
        }));
    }
}

size_t HiddenRuns::size() const {
    const std::lock_guard lock(mutex_);
    return runs_.size();
}

}  // namespace kv::db
