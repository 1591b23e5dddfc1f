// NetworkThread: one thread with one event loop and the connections pinned to it. In each round it
// handles the sockets that are ready, hands all their writes to the engine in one submit, and takes
// back what the engine and the read pool finished, waking up once for a whole commit group.
// Thread rule: as said at each method.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "server/connection.h"
#include "server/log_hand_over.h"
#include "server/resp/client_handle.h"
#include "server/shared_state.h"

namespace kv::server {

class NetworkThread final : public WriteObserver, public TaskHome, public MailCarrier {
  public:
    NetworkThread(SharedState& shared, size_t index);
    /// Requires stop() before, or that start() was never called.
    ~NetworkThread() override;

    void start();

    // Any thread.
    boost::asio::io_context& context() { return context_; }
    size_t connection_count() const { return connection_count_.load(std::memory_order_relaxed); }
    /// Takes a socket that belongs to context().
    void adopt(Arrival arrival);
    /// Every connection says GOAWAY and ends once its requests are answered. The future is ready
    /// when none is left.
    std::future<void> drain();
    /// Closes what is left and returns when the engine and the pool have given everything back.
    void stop();

    // The engine's and the pool's threads.
    void on_written(std::unique_ptr<WriteRequest> request) override;
    void on_group_end() override { wake(); }
    void on_task_done(std::unique_ptr<PoolTask> task) override;
    // Any thread.
    void on_mail(std::shared_ptr<ClientHandle> client) override;

    // Own thread, for the connections.
    struct Activity {
        size_t active = 0;   ///< Connections that asked for something of late.
        size_t waiting = 0;  ///< Those of them that nothing can be told before a write is done.
        size_t writing = 0;  ///< Those of them that have a write under way.
        size_t reading = 0;  ///< Those of them that last asked for more than writes.
    };
    Activity& activity() { return activity_; }
    void submit(std::unique_ptr<WriteRequest> request);
    bool post(std::unique_ptr<PoolTask>& task);
    void settle_later(Connection& connection);
    /// Once the answers of this round are sent.
    void read_later(Connection& connection);
    void connection_closed() { connection_count_.fetch_sub(1, std::memory_order_relaxed); }
    uint64_t now_us() const { return shared_.clock.monotonic_us(); }

  private:
    void run();
    /// Something waits for finish_round(), and active clients may have more.
    bool gathers() const;
    void finish_round();
    void submit_gathered(Submitter submitter);
    Submitter as_submitter();
    void settle_connections();
    /// False: nothing came of it that must be settled.
    bool read_on();
    bool take_finished();
    /// A quarter of the clients that wait for writes can be answered.
    bool answers_many();
    void wake();
    void start_timer();
    void on_tick();
    void check_drained();

    SharedState& shared_;
    const size_t index_;
    Counters& counters_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    boost::asio::steady_timer timer_;
    std::thread thread_;
    std::atomic<size_t> connection_count_{0};

    // Own thread only.
    std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
    Activity activity_;
    LogHandOver log_hand_over_{interruptions_of_this_thread};
    std::vector<Connection*> to_settle_, settling_;
    std::vector<Connection*> to_read_;
    std::vector<std::unique_ptr<WriteRequest>> to_submit_;
    size_t to_submit_bytes_ = 0;
    std::vector<std::unique_ptr<WriteRequest>> taken_writes_;
    std::vector<std::unique_ptr<PoolTask>> taken_tasks_;
    std::vector<std::shared_ptr<ClientHandle>> taken_mail_;
    bool draining_ = false;
    bool stopping_ = false;
    bool drained_ = false;
    std::promise<void> drained_promise_;

    std::atomic<bool> awake_{false};  // a wake-up is on its way
    std::mutex mutex_;
    std::vector<std::unique_ptr<WriteRequest>> written_;     // guarded by mutex_
    std::vector<std::unique_ptr<PoolTask>> finished_tasks_;  // guarded by mutex_
    std::vector<std::shared_ptr<ClientHandle>> mailed_;      // guarded by mutex_
};

}  // namespace kv::server
