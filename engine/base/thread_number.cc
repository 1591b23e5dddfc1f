// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "base/thread_number.h"

#include <functional>
#include <mutex>
#include <queue>
#include <vector>

namespace kv {

namespace {

struct Pool {
    std::mutex mutex;
    // Guarded by mutex.
    std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> free;
    uint32_t next = 0;
};

Pool& pool() {
    static Pool& instance = *new Pool;  // outlives every thread's Holder
    return instance;
}

constexpr uint32_t kNone = UINT32_MAX;
thread_local uint32_t mine = kNone;

struct Holder {
    Holder() {
        const std::lock_guard lock(pool().mutex);
        if (pool().free.empty()) {
            mine = pool().next++;
        } else {
            mine = pool().free.top();
            pool().free.pop();
        }
    }
    ~Holder() {
        const std::lock_guard lock(pool().mutex);
        pool().free.push(mine);
    }
};

uint32_t take_number() {
    thread_local const Holder holder;
    return mine;
}

}  // namespace

uint32_t thread_number() { return mine != kNone ? mine : take_number(); }

}  // namespace kv
