// SyncGathering: counts the writers that wait for a sync of the log, and has the log side wait for
// more of them where that pays (sync_patience.h).
// Callers: LogStage. Thread rule: joined() on the commit side, the rest on the log side.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "db/sync_patience.h"
#include "kv/executor.h"

namespace kv::db {

class SyncGathering {
  public:
    explicit SyncGathering(Executor& executor) : executor_(executor) {}
    SyncGathering(const SyncGathering&) = delete;

    /// So many writers more wait for the log.
    void joined(uint64_t writers);
    /// So many of them are being served.
    void taken(uint64_t writers) { queued_.fetch_sub(writers); }
    /// They are about to be answered: a sync has ended.
    void synced(uint64_t writers) { patience_.synced(writers, queued_.load()); }
    /// Before a round of the log, whose syncs take about `sync_us`: returns when it should begin.
    void wait(uint64_t sync_us);

  private:
    Executor& executor_;
    std::atomic<uint64_t> queued_{0};
    // Of the wait under way. Sequentially consistent, as queued_: whoever joins sees what is
    // wanted, or is seen.
    std::atomic<uint64_t> wanted_{0};  // 0: none
    std::atomic<uint32_t> enough_{0};
    SyncPatience patience_;
};

}  // namespace kv::db
