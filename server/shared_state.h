// SharedState: what every connection of the daemon works with. Made once by Server before any
// thread starts, destroyed after the last one ended; each member is safe from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "config/config.h"
#include "kv/clock.h"
#include "kv/db.h"
#include "kv/keyspace_catalog.h"
#include "server/checkpoints.h"
#include "server/commands/info_counts.h"
#include "server/commands/scan_cursors.h"
#include "server/connection_census.h"
#include "server/counters.h"
#include "server/log.h"
#include "server/read_pool.h"
#include "server/resp/client_registry.h"
#include "server/resp/command_stats.h"
#include "server/resp/latency_monitor.h"
#include "server/resp/pubsub.h"
#include "server/resp/rate_meter.h"
#include "server/resp/slow_log.h"
#include "server/snapshot_table.h"
#include "server/stop_target.h"

namespace kv::server {

/// Version of the daemon, such as "0.1.0".
std::string_view server_version();

/// Kinds of log lines that must not flood: one throttle each.
enum class Incident : uint8_t {
    kBadFrame,
    kConnectionLimit,
    kHelloTimeout,
    kOutstanding,
    kUnreadReplies,
    kSlowReader,
    kSlowSender,
    kMemory,
    kIdle,
    kScans,
    kScanLease,
    kReadQueue,
    kSnapshots,
    kAccept,
    kCount
};

struct SharedState {
    SharedState(Db& store, const config::Config& settings, Clock& time, size_t network_threads)
        : db(store),
          config(settings),
          clock(time),
          checkpoints(store, settings.data_dir),
          pool(settings.read_threads, settings.limits.queued_reads),
          snapshots(settings.limits.snapshots, settings.limits.snapshot_lease_ms),
          census(settings.limits.connections, settings.limits.hello_connections_per_address),
          memory(settings.limits.network_memory_bytes),
          counters(network_threads),
          command_stats(network_threads),
          last_save_s(time.wall_ms() / 1000),
          started_us(time.monotonic_us()) {}

    /// One throttled warning.
    void report(Incident incident, std::string_view line) {
        log_limited(throttles[static_cast<size_t>(incident)], clock.monotonic_us(), line);
    }
    uint64_t total(Counter counter) const {
        uint64_t sum = 0;
        for (const Counters& set : counters) sum += set.read(counter);
        return sum;
    }

    Db& db;
    const config::Config& config;
    Clock& clock;
    KeyspaceCatalog keyspaces;  // before the pool, whose tasks use it; opened by Server::start
    Checkpoints checkpoints;
    ReadPool pool;
    SnapshotTable snapshots;
    ScanCursors scan_cursors;
    ConnectionCensus census;
    MemoryBudget memory;
    std::deque<Counters> counters;  // one a network thread; a deque, as counters cannot move
    std::array<LogThrottle, static_cast<size_t>(Incident::kCount)> throttles;

    // Of the RESP listener.
    ClientRegistry clients;
    PubSub pubsub{memory};
    std::deque<CommandStats> command_stats;  // one a network thread
    ErrorStats error_stats;
    SlowLog slow_log;
    LatencyMonitor latency;
    RateMeter command_rate;
    InfoBaseline info_baseline;
    std::atomic<uint64_t> last_save_s;              // for LASTSAVE, in Unix time
    std::atomic<StopTarget*> stop_target{nullptr};  // null: there is nobody to ask

    const uint64_t started_us;
};

}  // namespace kv::server
