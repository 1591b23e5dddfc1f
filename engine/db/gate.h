// Gate: counts the jobs that are inside the store, so that closing can wait for the last one and
// late ones stay out. Jobs posted with a delay hold the gate by shared_ptr and enter when they run.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "kv/executor.h"

namespace kv::db {

class Gate {
  public:
    /// False once closing has begun: the caller must not touch the store.
    bool enter() {
        std::lock_guard lock(mutex_);
        if (closing_) return false;
        ++inside_;
        return true;
    }
    void leave(Executor& executor) {
        std::lock_guard lock(mutex_);
        if (--inside_ == 0 && closing_) executor.signal(empty_);
    }
    /// Lets nobody in any more and returns when the last one has left.
    void close(Executor& executor) {
        {
            std::lock_guard lock(mutex_);
            closing_ = true;
            if (inside_ == 0) executor.signal(empty_);
        }
        executor.wait(empty_);
    }

  private:
    std::mutex mutex_;
    bool closing_ = false;  // guarded by mutex_
    int inside_ = 0;        // guarded by mutex_
    std::atomic<uint32_t> empty_{0};
};

}  // namespace kv::db
