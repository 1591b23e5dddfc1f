// SlowLog: the latest RESP commands that took long (SLOWLOG), newest first and bounded.
// Thread rule: every method from any thread; a quick command costs one load.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "protocol/resp/request_parser.h"
#include "server/resp/client_handle.h"

namespace kv::server {

class SlowLog {
  public:
    struct Entry {
        uint64_t id = 0;
        uint64_t unix_s = 0;
        uint64_t took_us = 0;
        std::vector<std::string> args;  ///< Shortened: see note().
        std::string peer;
        std::string client_name;
    };
    static constexpr size_t kMostArgs = 32;
    static constexpr size_t kMostArgBytes = 128;

    /// Notes a command that took at least slower_than_us(): at most kMostArgs of its words, each
    /// at most kMostArgBytes long as the client's name too, and how much was left out. In place of
    /// names and passwords of users it has "(redacted)".
    void consider(uint64_t took_us, const protocol::resp::Args& args, const ClientHandle& client,
                  uint64_t wall_ms) {
        const int64_t limit = slower_than_us();
        if (limit < 0 || took_us < static_cast<uint64_t>(limit)) [[likely]]
            return;
        note(took_us, args, client, wall_ms);
    }

    /// Newest first; at most `count`.
    std::vector<Entry> newest(size_t count) const;
    size_t size() const;
    void clear();

    /// Quicker calls than this are only looked at one by one while it wants_quick().
    static constexpr uint64_t kNotableUs = 1000;
    bool wants_quick() const {
        const int64_t limit = slower_than_us();
        return limit >= 0 && static_cast<uint64_t>(limit) < kNotableUs;
    }

    /// -1: nothing is slow; 0: everything is.
    int64_t slower_than_us() const { return slower_than_us_.load(std::memory_order_relaxed); }
    void set_slower_than_us(int64_t limit) { slower_than_us_ = limit; }
    uint64_t capacity() const { return capacity_.load(std::memory_order_relaxed); }
    /// Takes effect with the next entry.
    void set_capacity(uint64_t entries) { capacity_ = entries; }

  private:
    void note(uint64_t took_us, const protocol::resp::Args& args, const ClientHandle& client,
              uint64_t wall_ms);

    std::atomic<int64_t> slower_than_us_{10'000};
    std::atomic<uint64_t> capacity_{128};
    mutable std::mutex mutex_;
    std::deque<Entry> entries_;  // guarded by mutex_; newest first
    uint64_t next_id_ = 0;       // guarded by mutex_
};

}  // namespace kv::server
