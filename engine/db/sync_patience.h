// SyncPatience: whether a sync of the log should wait a moment for more writers.
//
// Clients that were answered together come back together. If the next sync begins at once, with
// those who queued meanwhile, it misses them: all then wait for two syncs, the rest of one and
// their own, and each sync serves half of them. Waiting until they are back has all share one sync.
// That pays where a sync takes long against the way to a client and back, and where they do come
// back: if they do not, as in a stream of independent requests, the next syncs go at once, up to 64
// of them before it is tried again.
// The idea: PostgreSQL's commit_delay and commit_siblings, which have to be set by hand.
// Caller: LogStage. Thread rule: one thread at a time; a plain value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace kv::db {

class SyncPatience {
  public:
    struct Wait {
        uint64_t writers = 0;  ///< So many are enough; 0: no wait.
        uint64_t gap_us = 0;   ///< When nobody has come for so long, the rest will not either.
    };

    /// How to wait before a sync, which takes about `sync_us`, while `queued` writers are there.
    Wait before_sync(uint64_t queued, uint64_t sync_us);
    /// A wait ended with so many writers.
    void waited(uint64_t queued);
    /// A sync answered so many writers, while `queued` others had come.
    void synced(uint64_t answered, uint64_t queued) { expected_ = answered + queued; }

    /// Quicker syncs are over before anybody is back.
    static constexpr uint64_t kSlowSyncUs = 500;
    static constexpr uint32_t kMostSkipped = 64;
    /// A wait takes at most so many gaps: half of a sync, and no more than clients need to come
    /// back, however slow the disk has become.
    static constexpr int kMostGaps = 2;
    static constexpr uint64_t kLongestGapUs = 5000;

  private:
    uint64_t expected_ = 0;  // writers, all of whom were waiting at once
    uint32_t skipped_ = 0;   // syncs still to go at once
    uint32_t next_skipped_ = 1;
};

}  // namespace kv::db
