// ArrivalSchedule: when the operations of an open loop are due, and on which connection. Arrival n
// of the whole run is due n/rate seconds after the start, whatever the server does, and belongs to
// connection n modulo their number: each connection is a client of its own with a fixed beat, which
// waits for its own earlier operations only. Arithmetic alone: the caller brings the clock.
// Thread rule: one schedule a thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace kv::bench {

struct Arrival {
    uint32_t connection = 0;  ///< The thread's n-th connection, from 0.
    uint64_t due_ns = 0;      ///< The latency of the operation counts from here.
    friend bool operator==(const Arrival&, const Arrival&) = default;
};

class ArrivalSchedule {
  public:
    /// One thread's part of `per_second` arrivals over `connections`: those of connections `first`,
    /// `first` + `stride` and so on. All > 0 but `first`, which is below `connections`.
    ArrivalSchedule(uint64_t per_second, uint32_t connections, uint32_t first, uint32_t stride,
                    uint64_t start_ns);

    /// When the next arrival is due.
    uint64_t next_ns() const;
    /// The next arrival if it is due at `now_ns`; call it until it has no more.
    std::optional<Arrival> take_due(uint64_t now_ns);

  private:
    const uint64_t per_second_;
    const uint32_t connections_;
    const uint32_t first_;
    const uint32_t stride_;
    const uint64_t start_ns_;
    uint64_t round_ = 0;     // how often every connection has had its turn
    uint32_t in_round_ = 0;  // the thread's connection whose turn is next
};

}  // namespace kv::bench
