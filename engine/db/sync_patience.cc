// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/sync_patience.h"

#include <algorithm>

namespace kv::db {

SyncPatience::Wait SyncPatience::before_sync(uint64_t queued, uint64_t sync_us) {
    if (sync_us < kSlowSyncUs || queued == 0 || queued >= expected_) return {};
    if (skipped_ != 0) {
        --skipped_;
        return {};
    }
    return {.writers = expected_, .gap_us = std::min(sync_us / (2 * kMostGaps), kLongestGapUs)};
}

void SyncPatience::waited(uint64_t queued) {
    // One in eight may have left, or be late.
    if (queued >= expected_ - expected_ / 8) {
        next_skipped_ = 1;
        return;
    }
    skipped_ = next_skipped_;
    next_skipped_ = std::min(2 * next_skipped_, kMostSkipped);
}

}  // namespace kv::db
