// See descriptor_limit.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

#include "server/connection_census.h"

namespace kv::server {

namespace {

// Standard streams, log, listeners, lock, MANIFEST, four log segments, directories that are synced,
// what compactions write, a checkpoint: half of it, and half for what is not thought of here.
constexpr uint64_t kFixed = 64;
// An event loop's own, or a ring for reads.
constexpr uint64_t kPerThread = 4;

}  // namespace

uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;  // the usual one
    const rlim_t soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : soft;
}

uint64_t reserved_descriptors(uint64_t descriptors, size_t threads, const StoreStats& stats) {
    uint64_t tables = 0;
    for (const LevelStats& level : stats.levels) tables += level.tables;
    return std::max(kFixed + kPerThread * threads + 2 * tables, descriptors / 4);
}

uint64_t connections_beside(uint64_t reserve, uint64_t descriptors) {
    const uint64_t others = reserve + ConnectionCensus::kPoliteRefusals;
    return descriptors > others ? descriptors - others : 1;
}

}  // namespace kv::server
