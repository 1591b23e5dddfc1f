// Starting the threads, telling them when, and adding up.
// SPDX-License-Identifier: Apache-2.0
#include "bench/run.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "bench/server_cpu.h"

namespace kv::bench {

namespace {

constexpr uint64_t kTickMs = 20;

}  // namespace

Run::Run(const Workload& workload, const std::atomic<bool>& interrupted)
    : workload_(workload),
      interrupted_(interrupted),
      wire_(Wire::make(workload)),
      inserted_(workload.key_count) {}

uint64_t Run::share(uint64_t total, uint32_t index) const {
    return total / workload_.threads + (index < total % workload_.threads ? 1 : 0);
}

Status Run::start() {
    for (uint32_t i = 0; i < workload_.threads; ++i) {
        workers_.push_back(std::make_unique<Worker>(workload_, *wire_, control_, inserted_, i,
                                                    share(workload_.requests, i)));
        KV_RETURN_IF_ERROR(workers_[i]->connect());
    }
    if (workload_.server_pid != 0)
        KV_RETURN_IF_ERROR(process_cpu_us(workload_.server_pid).status());
    if (workload_.warmup_ms == 0) begin_measuring();
    const uint64_t start_ns = now_ns();
    for (const auto& worker : workers_) {
        threads_.emplace_back([this, start_ns, worker = worker.get()] {
            worker->run(start_ns);
            ++finished_;
        });
    }
    return Status::ok();
}

void Run::begin_measuring() {
    if (workload_.server_pid != 0) {
        cpu_before_us_ = process_cpu_us(workload_.server_pid).value_or(0);
    }
    control_.measuring = true;
}

void Run::show(uint64_t elapsed_ms, uint64_t& shown) const {
    uint64_t now = 0;
    for (const auto& worker : workers_) now += worker->progress();
    std::fprintf(
        stderr, "\r%4llu s  %10llu/s%s\x1b[K", static_cast<unsigned long long>(elapsed_ms / 1000),
        static_cast<unsigned long long>(now - shown), control_.measuring ? "" : "  (warm-up)");
    shown = now;
}

void Run::wait() {
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    const auto start = std::chrono::steady_clock::now();
    uint64_t shown = 0;
    for (uint64_t tick = 1; finished_ < workers_.size(); ++tick) {
        std::this_thread::sleep_until(start + std::chrono::milliseconds(tick * kTickMs));
        const uint64_t elapsed_ms = tick * kTickMs;
        if (!control_.measuring && elapsed_ms >= workload_.warmup_ms) begin_measuring();
        const bool over =
            workload_.requests == 0 && elapsed_ms >= workload_.warmup_ms + workload_.duration_ms;
        if (over || interrupted_) control_.stop = true;
        if (terminal && elapsed_ms % 1000 == 0) show(elapsed_ms, shown);
    }
    if (terminal) std::fputs("\r\x1b[K", stderr);
    for (std::thread& thread : threads_) thread.join();
    if (workload_.server_pid == 0) return;
    const auto after_us = process_cpu_us(workload_.server_pid);
    if (after_us.is_ok()) cpu_us_ = static_cast<double>(*after_us - cpu_before_us_);
}

Measurement Run::result(Status& first_error) const {
    Measurement all;
    for (const auto& worker : workers_) {
        all.merge(worker->measurement());
        all.seconds = std::max(all.seconds, worker->measurement().seconds);
        if (first_error.is_ok()) first_error = worker->first_error();
    }
    all.server_cpu_us = cpu_us_;
    return all;
}

}  // namespace kv::bench
