// SnapshotTable: the snapshots that clients hold, each with a lease. Ids are valid on every
// connection of the server until the lease ends or a client closes it, so that a scan can go on
// after a reconnect at exactly the state it was reading. They begin somewhere else with every start
// of the server: a client that comes back must not meet another state under its old id.
// Thread rule: every method from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "kv/db.h"
#include "kv/result.h"

namespace kv::server {

class SnapshotTable {
  public:
    SnapshotTable(size_t max_open, uint64_t max_lease_ms);

    struct Lease {
        uint64_t id = 0;
        Seqno seqno = 0;
        uint32_t lease_ms = 0;  ///< Granted: at most the configured one.
    };
    /// `lease_ms` 0: as long as allowed. kOverloaded when too many are open.
    Result<Lease> open(SnapshotPtr snapshot, uint32_t lease_ms, uint64_t now_us);
    /// kNotFound when it was closed or ran out.
    Result<Lease> renew(uint64_t id, uint32_t lease_ms, uint64_t now_us);
    bool close(uint64_t id);
    /// kNotFound when it was closed or ran out.
    Result<SnapshotPtr> find(uint64_t id, uint64_t now_us) const;
    /// Drops those whose lease has ended; returns how many.
    size_t expire(uint64_t now_us);
    void clear();
    size_t size() const;

  private:
    struct Held {
        SnapshotPtr snapshot;
        uint64_t until_us;
    };
    uint32_t grant(uint32_t lease_ms) const;

    const size_t max_open_;
    const uint64_t max_lease_ms_;
    mutable std::mutex mutex_;
    std::map<uint64_t, Held> held_;  // guarded by mutex_
    uint64_t next_id_;               // guarded by mutex_
};

}  // namespace kv::server
