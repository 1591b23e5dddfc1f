// See snapshot_table.h. Snapshots are released outside the lock: dropping one calls the engine.
// SPDX-License-Identifier: Apache-2.0
#include "server/snapshot_table.h"

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace kv::server {
namespace {

constexpr uint64_t kRetryAfterMs = 1000;

Status no_such(uint64_t id) {
    return Status::not_found("snapshot " + std::to_string(id) +
                             " is not open: it was closed or its lease ran out");
}

/// Not 0, and with room for a million more before another start's.
uint64_t random_first_id() {
    std::random_device random;
    return (uint64_t{random()} << 20) + 1;
}

}  // namespace

SnapshotTable::SnapshotTable(size_t max_open, uint64_t max_lease_ms)
    : max_open_(max_open), max_lease_ms_(max_lease_ms), next_id_(random_first_id()) {}

uint32_t SnapshotTable::grant(uint32_t lease_ms) const {
    const uint64_t wanted = lease_ms == 0 ? max_lease_ms_ : lease_ms;
    return static_cast<uint32_t>(
        std::min<uint64_t>({wanted, max_lease_ms_, std::numeric_limits<uint32_t>::max()}));
}

Result<SnapshotTable::Lease> SnapshotTable::open(SnapshotPtr snapshot, uint32_t lease_ms,
                                                 uint64_t now_us) {
    Lease lease{0, snapshot->seqno(), grant(lease_ms)};
    const std::lock_guard lock(mutex_);
    if (held_.size() >= max_open_) {
        return Status(Code::kOverloaded,
                      std::to_string(held_.size()) + " snapshots are open (limits.snapshots)",
                      kRetryAfterMs);
    }
    lease.id = next_id_++;
    held_.emplace(lease.id, Held{std::move(snapshot), now_us + lease.lease_ms * 1000ULL});
    return lease;
}

Result<SnapshotTable::Lease> SnapshotTable::renew(uint64_t id, uint32_t lease_ms, uint64_t now_us) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(id);
    if (found == held_.end() || found->second.until_us <= now_us) return no_such(id);
    const uint32_t granted = grant(lease_ms);
    found->second.until_us = now_us + granted * 1000ULL;
    return Lease{id, found->second.snapshot->seqno(), granted};
}

bool SnapshotTable::close(uint64_t id) {
    SnapshotPtr released;
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(id);
    if (found == held_.end()) return false;
    released = std::move(found->second.snapshot);
    held_.erase(found);
    return true;
}

Result<SnapshotPtr> SnapshotTable::find(uint64_t id, uint64_t now_us) const {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(id);
    if (found == held_.end() || found->second.until_us <= now_us) return no_such(id);
    return found->second.snapshot;
}

size_t SnapshotTable::expire(uint64_t now_us) {
    std::vector<SnapshotPtr> released;
    const std::lock_guard lock(mutex_);
    for (auto it = held_.begin(); it != held_.end();) {
        if (it->second.until_us > now_us) {
            ++it;
            continue;
        }
        released.push_back(std::move(it->second.snapshot));
        it = held_.erase(it);
    }
    return released.size();
}

void SnapshotTable::clear() {
    std::map<uint64_t, Held> released;
    const std::lock_guard lock(mutex_);
    released.swap(held_);
}

size_t SnapshotTable::size() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
}

}  // namespace kv::server
