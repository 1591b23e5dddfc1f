// Interrupt: what Ctrl-C does while a command runs: it ends the client's waiting calls, so that the
// command returns, and the program goes on.
//
// The signal handler only writes to a pipe; a small thread does the rest. At the prompt nothing is
// running, and the interrupted read there is the effect.
// Thread rule: one Interrupt a program, used by its main thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace kv::cli {

class Interrupt {
  public:
    /// Takes over SIGINT for the rest of the program.
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    /// From now on Ctrl-C calls `stop`, on another thread; forgets an earlier Ctrl-C.
    void arm(std::function<void()> stop);
    /// The same for what comes next of one command: a Ctrl-C since arm() is not forgotten.
    void redirect(std::function<void()> stop);
    void disarm();
    /// Ctrl-C was pressed since the last arm().
    bool triggered() const { return presses() != presses_before_; }
    /// How often Ctrl-C was pressed so far.
    uint64_t presses() const;

  private:
    void watch();

    std::mutex mutex_;
    // Guarded by mutex_.
    std::function<void()> stop_;
    uint64_t presses_before_ = 0;  // the main thread, its only writer, reads without
    std::thread watcher_;
};

}  // namespace kv::cli
