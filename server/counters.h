// Counters of the daemon: one set a network thread, written by that thread alone and summed for
// STATS. One list makes the members and their names.
// Thread rule: add() by the owning thread; read() from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// X(enumerator, name). Names appear in STATS as "server.NAME".
#define KV_SERVER_COUNTERS(X)                 \
    X(kAccepted, "connections_accepted")      \
    X(kClosed, "connections_closed")          \
    X(kFrames, "requests")                    \
    X(kReads, "requests_read")                \
    X(kWrites, "requests_write")              \
    X(kScans, "requests_scan")                \
    X(kErrors, "answers_error")               \
    X(kBytesIn, "bytes_in")                   \
    X(kBytesOut, "bytes_out")                 \
    X(kSocketReads, "socket_reads")           \
    X(kSocketWrites, "socket_writes")         \
    X(kSubmits, "engine_submits")             \
    X(kPoolTasks, "pool_tasks")               \
    X(kScanChunks, "scan_chunks")             \
    X(kBadFrames, "frames_bad")               \
    X(kLimitConnections, "limit_connections") \
    X(kLimitHello, "limit_hello_timeout")     \
    X(kLimitOutstanding, "limit_outstanding") \
    X(kLimitUnread, "limit_unread_replies")   \
    X(kLimitSlowReader, "limit_slow_reader")  \
    X(kLimitSlowSender, "limit_slow_sender")  \
    X(kLimitMemory, "limit_network_memory")   \
    X(kLimitIdle, "limit_idle")               \
    X(kLimitScans, "limit_scans")             \
    X(kLimitScanLease, "limit_scan_lease")    \
    X(kLimitPool, "limit_queued_reads")       \
    X(kLimitSnapshots, "limit_snapshots")

namespace kv::server {

enum class Counter : uint8_t {
#define KV_X(enumerator, name) enumerator,
    KV_SERVER_COUNTERS(KV_X)
#undef KV_X
};
inline constexpr std::array kCounterNames{
#define KV_X(enumerator, name) std::string_view(name),
    KV_SERVER_COUNTERS(KV_X)
#undef KV_X
};
inline constexpr size_t kCounterCount = kCounterNames.size();

class alignas(64) Counters {
  public:
    void add(Counter counter, uint64_t by = 1) {
        // One writer: a plain load and store beats a locked add.
        auto& cell = cells_[static_cast<size_t>(counter)];
        cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }
    uint64_t read(Counter counter) const {
        return cells_[static_cast<size_t>(counter)].load(std::memory_order_relaxed);
    }

  private:
    std::array<std::atomic<uint64_t>, kCounterCount> cells_{};
};

}  // namespace kv::server
