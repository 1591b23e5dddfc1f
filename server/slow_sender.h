// SlowSender: watches how far the unfinished request of one connection has got, and says when its
// peer sends so slowly that it must not be waited for. What has arrived of it takes memory, so that
// is the case only while network memory is full (limits.network_memory): then a request must be
// whole, or get on by least_progress_bytes(), within each limits.slow_reader_timeout.
// Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/counters.h"
#include "server/shared_state.h"

namespace kv::server {

class SlowSender {
  public:
    SlowSender(SharedState& shared, Counters& counters, const std::string& peer)
        : shared_(shared), counters_(counters), peer_(peer) {}

    /// After input: so many bytes of a request that is not whole are there; 0: none has begun.
    /// `is_new`: others have been finished meanwhile.
    void note(size_t unfinished_bytes, bool is_new, uint64_t now_us);
    /// Nothing is read from the peer: it is not the one to blame.
    void excuse(uint64_t now_us);
    /// True, counted and logged, when it is time to close.
    bool must_close(uint64_t now_us);

  private:
    SharedState& shared_;
    Counters& counters_;
    const std::string& peer_;
    uint64_t since_us_ = 0;       // it has begun, or got its share since; 0: nothing is unfinished
    size_t noted_bytes_ = 0;      // of it, at the last note
    uint64_t arrived_bytes_ = 0;  // since then
};

}  // namespace kv::server
