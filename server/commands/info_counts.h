// InfoCounts: what INFO stats counts from the last CONFIG RESETSTAT on. The counters themselves
// only grow, as others read them too (STATS, metrics, INFO kvd): what they were at the reset is
// kept and taken off.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>

#include "kv/stats.h"

namespace kv::server {

struct SharedState;

struct InfoCounts {
    uint64_t connections = 0;
    uint64_t rejected_connections = 0;
    uint64_t input_bytes = 0;
    uint64_t output_bytes = 0;
    uint64_t socket_reads = 0;
    uint64_t socket_writes = 0;
    uint64_t expired_keys = 0;
    uint64_t hits = 0;
    uint64_t misses = 0;
};

/// Since the start of the daemon.
InfoCounts count_all(const SharedState& shared, const StoreStats& store);

class InfoBaseline {
  public:
    void reset(const InfoCounts& all);
    /// Of `all`, those since the last reset().
    InfoCounts since(const InfoCounts& all) const;

  private:
    mutable std::mutex mutex_;
    InfoCounts before_;  // guarded by mutex_
};

}  // namespace kv::server
