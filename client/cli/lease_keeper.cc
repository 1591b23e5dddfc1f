// Renewing on a timer.
// SPDX-License-Identifier: Apache-2.0
#include "cli/lease_keeper.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace kv::cli {

LeaseKeeper::LeaseKeeper(client::Snapshot& snapshot) : snapshot_(snapshot) {
    // Ctrl-C is to interrupt the main thread's reads.
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    renewer_ = std::jthread([this](const std::stop_token& stop) { renew_until(stop); });
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

void LeaseKeeper::renew_until(const std::stop_token& stop) {
    const std::chrono::milliseconds interval(std::max<uint32_t>(snapshot_.lease_ms() / 3, 1));
    std::unique_lock lock(mutex_);
    while (true) {
        stopped_.wait_for(lock, stop, interval, [] { return false; });
        if (stop.stop_requested()) return;
        // One that fails is tried again; when the snapshot is gone, the next read there says so.
        (void)snapshot_.renew();
    }
}

}  // namespace kv::cli
