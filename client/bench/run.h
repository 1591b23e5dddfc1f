// One measured run: threads, warm-up, the end, and what all of it came to.
// Thread rule: the main thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "bench/worker.h"

namespace kv::bench {

class Run {
  public:
    /// `workload` and `interrupted`, which ends the run early, outlive this.
    Run(const Workload& workload, const std::atomic<bool>& interrupted);

    /// Opens every connection and starts the threads. kUnsupported: the server lacks an operation
    /// of the mix; kNotFound: no process server_pid; else as ServerConnection says.
    Status start();
    /// Waits for the end, with a line a second for a person.
    void wait();
    /// After wait(). `first_error` gets the first error that was met, if any.
    Measurement result(Status& first_error) const;

  private:
    uint64_t share(uint64_t total, uint32_t index) const;
    void begin_measuring();
    void show(uint64_t elapsed_ms, uint64_t& shown) const;

    const Workload& workload_;
    const std::atomic<bool>& interrupted_;
    const std::unique_ptr<Wire> wire_;
    InsertedKeys inserted_;
    Control control_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::thread> threads_;
    std::atomic<size_t> finished_{0};
    uint64_t cpu_before_us_ = 0;
    std::optional<double> cpu_us_;
};

}  // namespace kv::bench
