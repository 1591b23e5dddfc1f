// SignalWatcher: one thread that waits for signals, so that no handler ever runs inside another.
// SIGTERM and SIGINT ask for a clean stop, a second one ends the process at once; SIGHUP
// and SIGUSR1 open the log file anew. A client may ask for the stop, too: that is no signal, so
// neither it nor the first signal behind it cuts the stop short.
// Thread rule: make it in main before any other thread, so that all inherit the blocked signals.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "server/stop_target.h"

namespace kv::server {

class SignalWatcher final : public StopTarget {
  public:
    SignalWatcher();
    ~SignalWatcher() override;
    SignalWatcher(const SignalWatcher&) = delete;
    SignalWatcher& operator=(const SignalWatcher&) = delete;

    /// Until this is called a stop signal ends the process with 0 at once: nothing is being served
    /// yet, and recovery can be cut off anywhere.
    void serving_begins();
    /// Returns the signal that asked to stop; 0: request_stop() did.
    int wait_for_stop();
    void request_stop() override;

  private:
    void watch();

    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool serving_ = false;   // guarded by mutex_
    bool finished_ = false;  // guarded by mutex_
    bool stops_ = false;     // guarded by mutex_
    int stop_signal_ = 0;    // guarded by mutex_; the first one
};

}  // namespace kv::server
