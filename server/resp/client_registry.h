// ClientRegistry: every RESP connection of the daemon (CLIENT LIST, CLIENT KILL), and whether they
// are paused (CLIENT PAUSE). A session adds its handle when it begins and removes it at its end.
// Thread rule: every method from any thread; paused() is one load, for every command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "server/resp/client_handle.h"

namespace kv::server {

/// Which commands a pause holds back.
enum class Pause : uint8_t { kNone = 0, kWrites = 1, kAll = 2 };

class ClientRegistry {
  public:
    /// Never the same twice; the first is 1.
    uint64_t next_id() { return ids_.fetch_add(1, std::memory_order_relaxed) + 1; }
    void add(std::shared_ptr<ClientHandle> client);
    void remove(uint64_t id);
    /// Null when it is gone.
    std::shared_ptr<ClientHandle> find(uint64_t id) const;
    /// In the order of their ids.
    std::vector<std::shared_ptr<ClientHandle>> list() const;
    size_t size() const { return size_.load(std::memory_order_relaxed); }

    /// Adds to a pause that has not ended: the later end and the wider scope count.
    void pause(Pause scope, uint64_t until_us, uint64_t now_us);
    /// Ends it and wakes every client (Mail::Kind::kWake).
    void unpause();
    Pause paused(uint64_t now_us) const {
        const uint64_t word = pause_.load(std::memory_order_relaxed);
        if (word == 0) [[likely]]
            return Pause::kNone;
        return (word >> kScopeBits) > now_us ? static_cast<Pause>(word & kScopeMask) : Pause::kNone;
    }
    /// When the pause ends by itself; 0: there is none. Monotonic.
    uint64_t paused_until_us() const {
        return pause_.load(std::memory_order_relaxed) >> kScopeBits;
    }
    /// Whether `command` has to wait now. For EXEC ask for the commands that it is to run.
    bool holds_back(const Command& command, uint64_t now_us) const;

  private:
    static constexpr unsigned kScopeBits = 2;
    static constexpr uint64_t kScopeMask = (1U << kScopeBits) - 1;

    std::atomic<uint64_t> ids_{0};
    std::atomic<size_t> size_{0};
    std::atomic<uint64_t> pause_{0};  // the end in microseconds, then the scope; 0: none
    mutable std::mutex mutex_;
    std::map<uint64_t, std::shared_ptr<ClientHandle>> clients_;  // guarded by mutex_
};

}  // namespace kv::server
