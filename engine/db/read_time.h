// ReadTime: the moment at which a read judges expiries. Most entries have none, so the clock is not
// asked before the first that has. Thread rule: one thread at a time; the clock must outlive it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kv/clock.h"

namespace kv::db {

class ReadTime {
  public:
    explicit ReadTime(const Clock& clock) : clock_(&clock) {}
    /// A moment that is known already.
    explicit ReadTime(uint64_t wall_ms) : wall_ms_(wall_ms) {}

    /// The same at every call.
    uint64_t wall_ms() const {
        if (clock_ != nullptr) {
            wall_ms_ = clock_->wall_ms();
            clock_ = nullptr;
        }
        return wall_ms_;
    }

  private:
    mutable const Clock* clock_ = nullptr;  // null: asked
    mutable uint64_t wall_ms_ = 0;
};

}  // namespace kv::db
