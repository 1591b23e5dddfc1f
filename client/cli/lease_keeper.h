// LeaseKeeper: keeps the lease of a snapshot from running out for as long as it lives, so that who
// reads there may take as long as whoever takes the output: a pager, or a slow program behind a
// pipe.
// Thread rule: made and destroyed by one thread; renews on a thread of its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "kv/client_scan.h"

namespace kv::cli {

class LeaseKeeper {
  public:
    /// `snapshot` must outlive it.
    explicit LeaseKeeper(client::Snapshot& snapshot);
    /// Waits for a renewal that is on its way.
    ~LeaseKeeper() = default;
    LeaseKeeper(const LeaseKeeper&) = delete;
    LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  private:
    void renew_until(const std::stop_token& stop);

    client::Snapshot& snapshot_;
    std::mutex mutex_;
    std::condition_variable_any stopped_;
    std::jthread renewer_;  // last: the others are there while it runs
};

}  // namespace kv::cli
