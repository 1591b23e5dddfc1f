// Worker: one thread of the load generator, with its share of the connections. Closed loop: every
// answer is followed by the next request, and all requests that one readiness event of a connection
// sets free leave in one system call.
// Thread rule: run() on the worker's thread; the rest where it says so.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "bench/frame_template.h"
#include "bench/key_distribution.h"
#include "bench/wire_connection.h"
#include "bench/workload.h"

namespace kv::bench {

/// What the main thread tells all workers.
struct Control {
    std::atomic<bool> measuring{false};  ///< The warm-up is over.
    std::atomic<bool> stop{false};
};

class Worker {
  public:
    /// `requests`: this worker's share of Workload::requests, unused when the run
    /// goes by duration.
    Worker(const Workload& workload, const Control& control, uint32_t index, uint64_t requests);

    /// Before run(). Opens `count` connections.
    Status connect(uint32_t count);
    /// Until told to stop, the share is done or every connection is lost; then waits for what is in
    /// flight.
    void run();

    /// Any thread: good answers so far, warm-up included.
    uint64_t progress() const { return progress_.load(std::memory_order_relaxed); }
    /// After run().
    const Measurement& measurement() const { return measurement_; }
    Status first_error() const { return first_error_; }

  private:
    struct Slot {
        uint64_t start_ns = 0;
        OpKind kind = OpKind::kRead;
        bool busy = false;
    };
    struct Connection {
        explicit Connection(WireConnection connection) : wire(std::move(connection)) {}
        WireConnection wire;
        std::vector<Slot> slots;
        uint32_t in_flight = 0;
        uint32_t generation = 0;
        bool wants_write = false;
        bool lost = false;
    };

    void fill(Connection& connection, uint64_t now_ns);
    void request(Connection& connection, uint32_t slot, uint64_t now_ns);
    void take_answer(Connection& connection, const protocol::FrameView& frame, uint64_t now_ns);
    void serve(Connection& connection, uint32_t events);
    void send(Connection& connection);
    void lose(Connection& connection, const Status& why);
    void watch(Connection& connection, bool add);
    bool may_send();
    uint64_t in_flight() const;

    const Workload& workload_;
    const Control& control_;
    const FrameTemplate get_;
    const FrameTemplate put_;
    KeyChooser chooser_;
    Random random_;
    const bool limited_;
    uint64_t requests_left_;
    client::Socket epoll_;
    std::vector<Connection> connections_;
    bool measuring_ = false;
    uint64_t measure_start_ns_ = 0;
    Measurement measurement_;
    Status first_error_;
    std::atomic<uint64_t> progress_{0};
};

}  // namespace kv::bench
