// Renewing on a timer.
// SPDX-License-Identifier: Apache-2.0
#include "cli/lease_keeper.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "session/signals_blocked.h"

namespace kv::cli {

LeaseKeeper::LeaseKeeper(client::Snapshot& snapshot) : snapshot_(snapshot) {
    const client::SignalsBlocked signals_blocked;
    renewer_ = std::jthread([this](const std::stop_token& stop) { renew_until(stop); });
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
