// What every executor shares: waking the waiters of a flag.
// SPDX-License-Identifier: Apache-2.0
#include "kv/executor.h"

namespace kv {

void Executor::signal(std::atomic<uint32_t>& flag) {
    // Sequentially consistent, although release would do for the data behind the flag: notify_all
    // skips the system call when it sees no waiter, and a weaker store could still be on its way
    // when it looks, which would lose the wake-up.
    flag.store(1, std::memory_order_seq_cst);
    // Only the address is used from here on: the waiter may have destroyed the flag.
    flag.notify_all();
}

}  // namespace kv
