// SeenPlaces: which blocks were missed not long ago. A full cache keeps a block when it is missed
// for the second time: what is read once only, as nearly all of a store larger than its cache is,
// then costs nobody's place and no work. (The doorkeeper of Einziger, Friedman, Manes, "TinyLFU: A
// Highly Efficient Cache Admission Policy", with a table that forgets by being written over.)
//
// Thread rule: any thread. It may forget a place early or, once in thousands, mistake one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace kv {

class SeenPlaces {
  public:
    /// Remembers about the last `places` of them.
    explicit SeenPlaces(uint64_t places);

    /// Whether this hash of a place was noted lately; forgets it then, and notes it otherwise.
    bool note(uint64_t hash);

  private:
    const size_t mask_;
    const std::unique_ptr<std::atomic<uint16_t>[]> tags_;
};

}  // namespace kv
