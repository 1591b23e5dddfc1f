// See read_pool.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/read_pool.h"

#include <pthread.h>

#include <utility>

namespace kv::server {

ReadPool::ReadPool(size_t threads, size_t max_queued) : max_queued_(max_queued) {
    for (size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { work(); });
        pthread_setname_np(threads_.back().native_handle(), "kvd-read");
    }
}

void ReadPool::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

bool ReadPool::post(std::unique_ptr<PoolTask>& task) {
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() >= max_queued_) return false;
        queue_.push_back(std::move(task));
    }
    ready_.notify_one();
    return true;
}

size_t ReadPool::queued() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
}

void ReadPool::work() {
    while (true) {
        std::unique_ptr<PoolTask> task;
        {
            std::unique_lock lock(mutex_);
            ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            task = std::move(queue_.front());
            queue_.pop_front();
        }
        if (task->run() == PoolTask::Next::kDone) {
            TaskHome* home = task->home;
            home->on_task_done(std::move(task));
            continue;
        }
        // A task that was let in once is never turned away half-way.
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(task));
    }
}

}  // namespace kv::server
