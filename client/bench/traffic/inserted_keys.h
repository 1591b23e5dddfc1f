// InsertedKeys: which key the next insert gets, and how far reads may look: the newest key before
// which every insert has been answered, so that workload D never reads what is still on its way.
// Thread rule: any thread; newest() takes no lock.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>

namespace kv::bench {

class InsertedKeys {
  public:
    /// Keys 0 to `key_count` - 1 are there already; `key_count` > 0.
    explicit InsertedKeys(uint64_t key_count) : next_(key_count), newest_(key_count - 1) {}

    uint64_t allocate() { return next_.fetch_add(1, std::memory_order_relaxed); }

    /// The insert of `key` was answered. One that failed counts too: a read of it is a miss, and
    /// later inserts are not held up.
    void finish(uint64_t key) {
        const std::lock_guard lock(mutex_);
        early_.insert(key);
        uint64_t newest = newest_.load(std::memory_order_relaxed);
        while (!early_.empty() && *early_.begin() == newest + 1) {
            early_.erase(early_.begin());
            ++newest;
        }
        newest_.store(newest, std::memory_order_relaxed);
    }

    uint64_t newest() const { return newest_.load(std::memory_order_relaxed); }

  private:
    std::atomic<uint64_t> next_;
    std::atomic<uint64_t> newest_;  // written with mutex_ held
    std::mutex mutex_;
    std::set<uint64_t> early_;  // guarded by mutex_: finished before some earlier one
};

}  // namespace kv::bench
