// Worker: one thread of the load generator, with its share of the connections. Closed loop: every
// answer is followed by the next request, and all requests that one readiness event of a connection
// sets free leave in one system call. Open loop: requests leave when they are due, or as soon after
// that as their connection has room; their latency counts from when they were due.
// Thread rule: run() on the worker's thread; the rest where it says so.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "bench/measurement.h"
#include "bench/traffic/arrival_schedule.h"
#include "bench/traffic/workload.h"
#include "bench/wire/wire.h"

namespace kv::bench {

/// On the clock of all times here.
uint64_t now_ns();

/// What the main thread tells all workers.
struct Control {
    std::atomic<bool> measuring{false};  ///< The warm-up is over.
    std::atomic<bool> stop{false};
};

class Worker {
  public:
    /// Number `index` of Workload::threads. `requests`: this worker's share of Workload::requests,
    /// unused when the run goes by duration. All references outlive the worker.
    Worker(const Workload& workload, const Wire& wire, const Control& control,
           InsertedKeys& inserted, uint32_t index, uint64_t requests);

    /// Before run(). Opens the worker's connections: those with the numbers index, index + threads
    /// and so on.
    Status connect();
    /// Until told to stop, the share is done or every connection is lost; then waits for what is in
    /// flight. An open loop counts from `start_ns`.
    void run(uint64_t start_ns);

    /// Any thread: good answers so far, warm-up included.
    uint64_t progress() const { return progress_.load(std::memory_order_relaxed); }
    /// After run().
    const Measurement& measurement() const { return measurement_; }
    Status first_error() const { return first_error_; }

  private:
    struct Slot {
        uint64_t start_ns = 0;
        Operation operation;
        bool busy = false;
        bool read_half = false;  // of a read-modify-write, whose write is still to come
    };
    struct Connection {
        std::unique_ptr<ServerConnection> wire;
        Role role = Role::kAll;
        std::vector<Slot> slots;
        std::vector<uint32_t> free;  // slots that are not busy
        std::deque<uint64_t> due;    // open loop: what has not been sent yet, by due time
        bool wants_write = false;
        bool lost = false;
    };

    Status watch_timer();
    void watch(Connection& connection, bool add);
    bool may_send();
    void fill(Connection& connection, uint64_t now_ns);
    void request(Connection& connection, uint64_t start_ns);
    void send(Connection& connection);
    void lose(Connection& connection, const Status& why);
    void serve(Connection& connection, uint32_t events);
    void take_answer(Connection& connection, const Answer& answer, uint64_t now_ns);
    void record(const Slot& slot, const Answer& answer, uint64_t now_ns);
    void begin_measuring();
    void release_due();
    bool finished(uint64_t& drain_until_ns);
    void count_unsent();

    const Workload& workload_;
    const Wire& wire_;
    const Control& control_;
    InsertedKeys& inserted_;
    const uint32_t index_;
    OperationChooser chooser_;
    const bool limited_;
    uint64_t requests_left_;
    client::Socket epoll_;
    client::Socket timer_;
    std::optional<ArrivalSchedule> schedule_;  // open loop
    std::vector<Connection> connections_;
    std::vector<Answer> answers_;  // of one receive; kept for its memory
    bool measuring_ = false;
    uint64_t measure_start_ns_ = 0;
    Measurement measurement_;
    Status first_error_;
    std::atomic<uint64_t> progress_{0};
};

}  // namespace kv::bench
