// ReadPool: threads for work that may wait for the disk: cache misses, scans, exact counts. The
// queue is bounded; a full one is the caller's reason to answer "overloaded".
// Thread rule: post() from any thread; run() of a task on a pool thread; the finished task goes to
// its home, which brings it back to the network thread that asked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace kv::server {

class PoolTask;

/// Takes finished tasks back. Called on a pool thread: hand over and return.
class TaskHome {
  public:
    virtual ~TaskHome() = default;
    virtual void on_task_done(std::unique_ptr<PoolTask> task) = 0;
};

class PoolTask {
  public:
    enum class Next : uint8_t { kDone, kAgain };

    virtual ~PoolTask() = default;
    /// Pool thread. kAgain puts the task at the end of the queue: long work goes in slices.
    virtual Next run() = 0;
    /// The network thread that posted it, after run() said kDone.
    virtual void finish() = 0;

    /// Any thread: asks run() to stop early.
    void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
    bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

    TaskHome* home = nullptr;  ///< Set by whoever posts it.

  private:
    std::atomic<bool> cancelled_{false};
};

class ReadPool {
  public:
    ReadPool(size_t threads, size_t max_queued);
    ~ReadPool() { stop(); }
    ReadPool(const ReadPool&) = delete;
    ReadPool& operator=(const ReadPool&) = delete;

    /// False, and the task comes back in place, when the queue is full.
    bool post(std::unique_ptr<PoolTask>& task);
    size_t queued() const;
    /// Runs what is queued, then joins. Afterwards no home is called any more.
    void stop();

  private:
    void work();

    const size_t max_queued_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::unique_ptr<PoolTask>> queue_;  // guarded by mutex_
    bool stopping_ = false;                        // guarded by mutex_
    std::vector<std::thread> threads_;
};

}  // namespace kv::server
