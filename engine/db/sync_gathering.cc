// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/sync_gathering.h"

namespace kv::db {

void SyncGathering::joined(uint64_t writers) {
    const uint64_t queued = queued_.fetch_add(writers) + writers;
    const uint64_t wanted = wanted_.load();
    if (wanted != 0 && queued >= wanted) executor_.signal(enough_);
}

void SyncGathering::wait(uint64_t sync_us) {
    uint64_t seen = queued_.load();
    const SyncPatience::Wait wait = patience_.before_sync(seen, sync_us);
    if (wait.writers == 0) return;
    enough_.store(0);
    wanted_.store(wait.writers);
    uint64_t queued = queued_.load();
    for (int gap = 0; queued < wait.writers && gap < SyncPatience::kMostGaps; ++gap) {
        executor_.wait_while_for(enough_, 0, wait.gap_us);
        queued = queued_.load();
        if (queued == seen) break;
        seen = queued;
    }
    wanted_.store(0);
    patience_.waited(queued);
}

}  // namespace kv::db
