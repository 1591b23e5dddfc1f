// SlowReader: watches how far the answers of one connection have got, and says when the peer reads
// so slowly that it must not be waited for (limits.unread_reply_size, limits.slow_reader_timeout).
//
// Over the unread limit a peer must take at least least_progress_bytes() within each timeout; by
// default that is 4 MiB in 10 s. So one large answer reaches whoever reads steadily, and memory is
// held for no longer than the answer takes at that rate.
// Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/counters.h"
#include "server/shared_state.h"

namespace kv::server {

/// Whether `limit_ms` have passed since `since_us`.
inline bool has_passed(uint64_t now_us, uint64_t since_us, uint64_t limit_ms) {
    return now_us > since_us && now_us - since_us > limit_ms * 1000;
}

/// Of what a peer has to take or send within each limits.slow_reader_timeout: an eighth of
/// limits.unread_reply_size, and no less than 1 MiB.
uint64_t least_progress_bytes(const config::Limits& limits);

class SlowReader {
  public:
    SlowReader(SharedState& shared, Counters& counters, const std::string& peer)
        : shared_(shared), counters_(counters), peer_(peer) {}

    /// So many unread bytes are too many: no more input until they have left.
    bool is_over_limit(size_t unsent_bytes) const {
        return unsent_bytes > shared_.config.limits.unread_reply_bytes;
    }
    /// After anything that adds answers. What is added without a note hides as much of what leaves.
    void note(size_t unsent_bytes, uint64_t now_us);
    /// After some have left, with what is left.
    void note_progress(size_t unsent_bytes, uint64_t now_us);
    /// True, counted and logged, when it is time to close. `ending`: only for its answers the
    /// connection is still there.
    bool must_close(uint64_t now_us, bool ending);

  private:
    SharedState& shared_;
    Counters& counters_;
    const std::string& peer_;
    uint64_t unread_since_us_ = 0;  // over the limit, or took its share since; 0: under the limit
    uint64_t taken_bytes_ = 0;      // since then
    size_t noted_bytes_ = 0;        // unsent at the last note
    bool warned_ = false;           // since it went over the limit
    uint64_t stuck_since_us_ = 0;   // answers wait and none has left since; 0: none waits
};

}  // namespace kv::server
