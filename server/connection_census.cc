// See connection_census.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/connection_census.h"

#include "kv/assert.h"

namespace kv::server {

ConnectionCensus::Verdict ConnectionCensus::arrived(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const size_t now = connections_.load(std::memory_order_relaxed);
    if (now >= max_connections_ + kPoliteRefusals) return Verdict::kDrop;
    size_t& waiting = before_hello_[address];
    if (waiting >= max_before_hello_per_address_) return Verdict::kDropUngreeted;
    ++waiting;
    connections_.store(now + 1, std::memory_order_relaxed);
    return now >= max_connections_ ? Verdict::kRefuse : Verdict::kAdmit;
}

void ConnectionCensus::hello_finished(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto found = before_hello_.find(address);
    KV_ASSERT(found != before_hello_.end() && found->second > 0);
    if (--found->second == 0) before_hello_.erase(found);
}

void ConnectionCensus::left(const std::string& address, bool before_hello) {
    if (before_hello) hello_finished(address);
    const std::lock_guard lock(mutex_);
    connections_.fetch_sub(1, std::memory_order_relaxed);
}

bool MemoryBudget::try_add(uint64_t bytes) {
    const auto more = static_cast<int64_t>(bytes);
    int64_t now = used_.load(std::memory_order_relaxed);
    while (now + more <= limit_) {
        if (used_.compare_exchange_weak(now, now + more, std::memory_order_relaxed)) return true;
    }
    return false;
}

}  // namespace kv::server
