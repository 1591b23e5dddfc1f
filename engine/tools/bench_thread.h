// When a benchmark's thread ends and what it counts; the loops themselves are bench_loops.h.
// Thread rule: one object a thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "tools/bench_workload.h"

namespace kv::tools {

/// Nanoseconds of the machine's monotonic clock.
inline uint64_t bench_now_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

class BenchThread : public BenchWorker {
  public:
    explicit BenchThread(const WorkerSeat& seat)
        : options_(seat.options),
          spec_(seat.spec),
          index_(seat.index),
          control_(seat.control),
          timed_(seat.options.histogram || seat.options.report_interval_seconds != 0) {
        stats_.interval_ns = options_.report_interval_seconds * 1'000'000'000;
    }

    Status run() final {
        started_ns_ = operation_started_ns_ = bench_now_ns();
        Status status = run_workload();
        stats_.seconds = static_cast<double>(bench_now_ns() - started_ns_) / 1e9;
        if (!status.is_ok()) control_.stop.store(true);
        return status;
    }

  protected:
    virtual Status run_workload() = 0;

    uint64_t reads() const { return count_or_num(options_.reads); }
    uint64_t writes() const { return count_or_num(options_.writes); }

    /// Whether another operation is due; `limit` operations, or the duration.
    bool goes_on(uint64_t limit) {
        if (control_.stop.load(std::memory_order_relaxed)) return false;
        if (options_.duration == 0) return stats_.done < limit;
        // Reading the clock costs as much as a cached read: look once in a while.
        if (stats_.done % 64 != 0) return true;
        return bench_now_ns() - started_ns_ < options_.duration * 1'000'000'000;
    }

    void finish_operation(uint64_t operations, uint64_t bytes, Operation operation) {
        stats_.done += operations;
        stats_.bytes += bytes;
        if (!timed_) return;
        const uint64_t now = bench_now_ns();
        stats_.add_latency(operation, now - started_ns_, now - operation_started_ns_);
        operation_started_ns_ = now;
    }

    const BenchOptions& options_;
    const BenchSpec& spec_;
    const uint32_t index_;
    BenchControl& control_;

  private:
    uint64_t count_or_num(int64_t count) const {
        return count < 0 ? options_.num : static_cast<uint64_t>(count);
    }

    const bool timed_;
    uint64_t started_ns_ = 0;
    uint64_t operation_started_ns_ = 0;
};

}  // namespace kv::tools
