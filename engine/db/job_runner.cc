// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/job_runner.h"

#include <algorithm>
#include <utility>

namespace kv::db {

bool JobRunner::start(std::shared_ptr<CompactionJob> job, Done done) {
    auto running = std::make_shared<Running>();
    running->job = std::move(job);
    running->done = std::move(done);
    {
        std::lock_guard lock(mutex_);
        running->sequence = ++started_;
        waiting_.push_back({running, true, 0});
        if (running->job->plan().is_urgent) urgent_waits_ = true;
    }
    if (add_turn()) return true;
    std::lock_guard lock(mutex_);
    if (turns_ != 0) return true;  // a turn that began before the closing goes on
    std::erase_if(waiting_, [&](const Task& task) { return task.running == running; });
    return false;
}

/// One more lane job, unless there are as many as threads. False: the store is closing.
bool JobRunner::add_turn() {
    {
        std::lock_guard lock(mutex_);
        if (turns_ >= threads_) return true;
        ++turns_;
    }
    if (context_.post_repeating(Lane::kCompaction, [this] { return take_turn(); })) return true;
    std::lock_guard lock(mutex_);
    --turns_;
    return false;
}

/// What a lane job does. True: it queues up again.
bool JobRunner::take_turn() {
    Task task;
    if (!take(task)) return false;
    if (task.is_preparation) {
        prepare(task);
    } else {
        run_slices(task);
    }
    return true;
}

bool JobRunner::goes_before(const Task& a, const Task& b) const {
    const bool a_urgent = a.running->job->plan().is_urgent;
    const bool b_urgent = b.running->job->plan().is_urgent;
    if (a_urgent != b_urgent) return a_urgent;
    if (a.running != b.running) return a.running->sequence < b.running->sequence;
    return a.part < b.part;
}

bool JobRunner::take(Task& task) {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
        --turns_;
        return false;
    }
    const auto first =
        std::min_element(waiting_.begin(), waiting_.end(),
                         [this](const Task& a, const Task& b) { return goes_before(a, b); });
    task = std::move(*first);
    waiting_.erase(first);
    urgent_waits_ = std::any_of(waiting_.begin(), waiting_.end(), [](const Task& waiting) {
        return waiting.running->job->plan().is_urgent;
    });
    return true;
}

void JobRunner::prepare(const Task& task) {
    Running& running = *task.running;
    Status status = running.job->prepare(threads_);
    const size_t parts = status.is_ok() ? running.job->parts() : 0;
    {
        std::lock_guard lock(mutex_);
        running.status = std::move(status);
        running.parts_left = parts;
        for (size_t part = 0; part < parts; ++part) waiting_.push_back({task.running, false, part});
        if (parts != 0 && running.job->plan().is_urgent) urgent_waits_ = true;
    }
    if (parts == 0) return finish(running);
    // A closing store needs no more turns: this one goes through all of them.
    for (size_t part = 1; part < parts; ++part) (void)add_turn();
}

void JobRunner::run_slices(const Task& task) {
    Running& running = *task.running;
    const bool is_urgent = running.job->plan().is_urgent;
    Status status;
    bool more = true;
    for (int slice = 0; more && slice < kSlicesPerTurn; ++slice) {
        const Result<bool> merged = running.job->run_slice(task.part);
        status = merged.status();
        more = merged.is_ok() && *merged;
        if (!is_urgent && urgent_waits_.load(std::memory_order_relaxed)) break;
    }
    {
        std::lock_guard lock(mutex_);
        if (!status.is_ok() && running.status.is_ok()) running.status = status;
        // After an error of any part, the others end where they are.
        if (more && running.status.is_ok()) {
            waiting_.push_back(task);
            if (is_urgent) urgent_waits_ = true;
            return;
        }
        if (--running.parts_left != 0) return;
    }
    finish(running);
}

void JobRunner::finish(Running& running) { running.done(running.job->finish(running.status)); }

}  // namespace kv::db
