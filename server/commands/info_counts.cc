// See info_counts.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/info_counts.h"

#include <algorithm>

#include "server/shared_state.h"

namespace kv::server {

InfoCounts count_all(const SharedState& shared, const StoreStats& store) {
    InfoCounts all;
    all.connections = shared.total(Counter::kAccepted);
    all.rejected_connections = shared.total(Counter::kLimitConnections);
    all.input_bytes = shared.total(Counter::kBytesIn);
    all.output_bytes = shared.total(Counter::kBytesOut);
    all.socket_reads = shared.total(Counter::kSocketReads);
    all.socket_writes = shared.total(Counter::kSocketWrites);
    all.expired_keys = store.entries_dropped_expired;
    all.hits = store.get_hits;
    all.misses = store.gets - std::min(store.gets, store.get_hits);
    return all;
}

void InfoBaseline::reset(const InfoCounts& all) {
    const std::lock_guard lock(mutex_);
    before_ = all;
}

InfoCounts InfoBaseline::since(const InfoCounts& all) const {
    const std::lock_guard lock(mutex_);
    InfoCounts left = all;
    for (uint64_t InfoCounts::*count :
         {&InfoCounts::connections, &InfoCounts::rejected_connections, &InfoCounts::input_bytes,
          &InfoCounts::output_bytes, &InfoCounts::socket_reads, &InfoCounts::socket_writes,
          &InfoCounts::expired_keys, &InfoCounts::hits, &InfoCounts::misses}) {
        left.*count -= std::min(left.*count, before_.*count);
    }
    return left;
}

}  // namespace kv::server
