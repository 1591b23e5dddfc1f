// Baton: lets at most one thread run a stage of the commit pipeline, without a thread of its own.
//
// Whoever has work for the stage calls try_take(). True: run the stage now (or pass the baton on to
// a lane job that will), then release(). False: somebody is running it and will run it once more
// because of this call. No wake-up is ever lost and no thread waits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace kv::db {

class Baton {
  public:
    /// True: the caller now holds the baton. False: the holder will go round again.
    bool try_take() {
        uint32_t seen = state_.load(std::memory_order_relaxed);
        while (true) {
            const uint32_t next = seen == kFree ? kHeld : kHeldAgain;
            if (state_.compare_exchange_weak(seen, next, std::memory_order_acq_rel)) {
                return seen == kFree;
            }
        }
    }

    /// True: the baton is free again. False: somebody asked meanwhile; the caller still holds it
    /// and runs the stage once more.
    bool release() {
        uint32_t held = kHeld;
        if (state_.compare_exchange_strong(held, kFree, std::memory_order_acq_rel)) return true;
        // Acquire: what the failed try_take was called for must be visible to the next round.
        state_.exchange(kHeld, std::memory_order_acq_rel);
        return false;
    }

  private:
    static constexpr uint32_t kFree = 0, kHeld = 1, kHeldAgain = 2;
    std::atomic<uint32_t> state_{kFree};
};

}  // namespace kv::db
