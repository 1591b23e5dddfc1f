// ConnectionCensus: who may connect. Counts connections in all and, per peer address, those that
// have not finished HELLO; and keeps the budget of network memory. Knows no socket.
// Thread rule: every method from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace kv::server {

class ConnectionCensus {
  public:
    ConnectionCensus(size_t max_connections, size_t max_before_hello_per_address)
        : max_connections_(max_connections),
          max_before_hello_per_address_(max_before_hello_per_address) {}

    enum class Verdict : uint8_t {
        kAdmit,
        kRefuse,         ///< Over the limit: let it say HELLO, so that it can be told why.
        kDrop,           ///< Far over it: close without a word.
        kDropUngreeted,  ///< Its address has enough that have not finished HELLO: the same.
    };
    /// Counts the connection if it is admitted or refused politely.
    Verdict arrived(const std::string& address);
    void hello_finished(const std::string& address);
    /// `before_hello`: hello_finished was never called for it.
    void left(const std::string& address, bool before_hello);
    size_t connections() const { return connections_.load(std::memory_order_relaxed); }

    /// Connections over the limit that may wait to be refused politely.
    static constexpr size_t kPoliteRefusals = 128;

  private:
    const size_t max_connections_;
    const size_t max_before_hello_per_address_;
    std::atomic<size_t> connections_{0};
    std::mutex mutex_;
    std::unordered_map<std::string, size_t> before_hello_;  // guarded by mutex_
};

/// Bytes in the buffers of all connections against one limit.
class MemoryBudget {
  public:
    /// The counter is shared by all threads: what has changed by less may be added later.
    static constexpr size_t kChargedAtOnce = 64U << 10;

    explicit MemoryBudget(uint64_t limit_bytes) : limit_(static_cast<int64_t>(limit_bytes)) {}

    void add(int64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
    /// Adds `bytes` if they fit. Of several who ask at once no more get them than there is room
    /// for.
    bool try_add(uint64_t bytes);
    bool exceeded() const { return used_.load(std::memory_order_relaxed) > limit_; }
    /// Whether `bytes` more would still fit. Takes nothing.
    bool has_room(uint64_t bytes) const {
        return used_.load(std::memory_order_relaxed) + static_cast<int64_t>(bytes) <= limit_;
    }
    int64_t used() const { return used_.load(std::memory_order_relaxed); }

  private:
    const int64_t limit_;
    std::atomic<int64_t> used_{0};
};

}  // namespace kv::server
