// ThreadExecutor: one thread for each serial lane, several for compaction.
//
// Each lane has its own queue, lock and condition variable, so lanes do not disturb one another. A
// serial lane takes all that is queued at once, so that under load a job costs less than one lock
// on its side; post() takes one lock and wakes the thread only when it sleeps. Delayed jobs wait in
// a heap of their lane, served by the same threads.
// SPDX-License-Identifier: Apache-2.0
#include <linux/futex.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kv/assert.h"
#include "kv/executor.h"

namespace kv {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct DelayedJob {
    SteadyTime due;
    uint64_t sequence;  // equal times run in the order they were posted
    Executor::Job job;
};

/// Heap order: the earliest on top.
bool later(const DelayedJob& a, const DelayedJob& b) {
    return a.due != b.due ? a.due > b.due : a.sequence > b.sequence;
}

// A lane's thread may step back for those that serve. Failures are ignored on purpose: a sandbox
// may forbid either call, and then the lane's work is in the way of others but still correct.

void lower_cpu_priority() {
    constexpr int kNice = 10;
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
}

void lower_disk_priority() {
    constexpr int kWhoProcess = 1;
    constexpr int kBestEffortLowest = (2 << 13) | 7;
    (void)::syscall(SYS_ioprio_set, kWhoProcess, 0, kBestEffortLowest);
}

/// While it lives, threads started here inherit a mask that leaves signals to the program's own
/// threads.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        sigdelset(&all, SIGPROF);  // profilers sample the lanes too
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before_;
};

class ThreadExecutor final : public Executor {
  public:
    explicit ThreadExecutor(int compaction_threads);
    ~ThreadExecutor() override;

    void post(Lane lane, Job job) override;
    void post_after(Lane lane, uint64_t delay_ms, Job job) override;
    void wait_while(const std::atomic<uint32_t>& word, uint32_t value) override;
    void wait_while_for(const std::atomic<uint32_t>& word, uint32_t value,
                        uint64_t most_us) override;
    void wake(const std::atomic<uint32_t>& word) override;

  private:
    /// Padded so that the lock of one lane does not share a cache line with its neighbour's.
    struct alignas(64) LaneState {
        // Set once.
        bool serial = true;
        // Guarded by mutex.
        std::mutex mutex;
        std::condition_variable wake;
        std::vector<Job> queue;
        std::vector<DelayedJob> delayed;  // a heap, see later()
        uint64_t next_sequence = 0;
        int sleeping = 0;
        bool draining = false;  // delayed jobs are dropped from now on
        bool stopping = false;
    };

    LaneState& state(Lane lane) { return lanes_[static_cast<size_t>(lane)]; }
    void start(Lane lane, const std::string& name);
    void run(LaneState& lane);
    bool take(LaneState& lane, std::vector<Job>& jobs);
    void promote_due(LaneState& lane);
    void finish(uint64_t jobs);

    std::array<LaneState, kLaneCount> lanes_;
    std::vector<std::thread> threads_;
    // Jobs queued or running. A running job counts, because it may post more.
    std::atomic<uint64_t> pending_{0};
};

ThreadExecutor::ThreadExecutor(int compaction_threads) {
    KV_ASSERT(compaction_threads >= 1);
    state(Lane::kCompaction).serial = false;
    const SignalsBlocked signals_blocked;
    start(Lane::kCommit, "kv-commit");
    start(Lane::kLog, "kv-log");
    start(Lane::kLogCare, "kv-log-care");
    start(Lane::kFlush, "kv-flush");
    for (int i = 0; i < compaction_threads; ++i) {
        start(Lane::kCompaction, "kv-compact-" + std::to_string(i));
    }
}

ThreadExecutor::~ThreadExecutor() {
    for (LaneState& lane : lanes_) {
        std::vector<DelayedJob> dropped;  // destroyed outside the lock: a job may own anything
        const std::lock_guard<std::mutex> guard(lane.mutex);
        lane.draining = true;
        dropped.swap(lane.delayed);
    }
    // Lanes post to one another, so none may stop before all are idle.
    for (uint64_t left = pending_.load(); left != 0; left = pending_.load()) pending_.wait(left);
    for (LaneState& lane : lanes_) {
        const std::lock_guard<std::mutex> guard(lane.mutex);
        lane.stopping = true;
        lane.wake.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
}

void ThreadExecutor::start(Lane lane, const std::string& name) {
    threads_.emplace_back([this, lane, name] {
        // A name that does not take is only missed in a debugger. The kernel keeps 15 characters.
        (void)pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
        // A flush has the time that it takes to fill the next memtables.
        if (lane == Lane::kFlush || lane == Lane::kCompaction) lower_cpu_priority();
        if (lane == Lane::kCompaction) lower_disk_priority();
        run(state(lane));
    });
}

void ThreadExecutor::post(Lane lane, Job job) {
    LaneState& target = state(lane);
    pending_.fetch_add(1, std::memory_order_relaxed);
    bool asleep;
    {
        const std::lock_guard<std::mutex> guard(target.mutex);
        target.queue.push_back(std::move(job));
        asleep = target.sleeping > 0;
    }
    if (asleep) target.wake.notify_one();
}

void ThreadExecutor::post_after(Lane lane, uint64_t delay_ms, Job job) {
    // A year stands for ever, and keeps the sum below the range of the clock.
    constexpr uint64_t kLongestMs = 365ULL * 24 * 3600 * 1000;
    const std::chrono::milliseconds delay(std::min(delay_ms, kLongestMs));
    const SteadyTime due = std::chrono::steady_clock::now() + delay;
    LaneState& target = state(lane);
    {
        const std::lock_guard<std::mutex> guard(target.mutex);
        if (target.draining) return;
        target.delayed.push_back({due, target.next_sequence++, std::move(job)});
        std::push_heap(target.delayed.begin(), target.delayed.end(), later);
    }
    // Even when the new job is not the earliest: a needless wake-up is rare and harmless.
    target.wake.notify_one();
}

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t), "a futex is the bare integer");

void ThreadExecutor::wait_while(const std::atomic<uint32_t>& word, uint32_t value) {
    // While others have work, giving way to them costs less than sleeping and being woken; and a
    // processor that stays awake takes the disk's interrupt sooner.
    constexpr int kYields = 4;
    for (int i = 0; i < kYields; ++i) {
        if (word.load(std::memory_order_acquire) != value) return;
        std::this_thread::yield();
    }
    while (word.load(std::memory_order_acquire) == value) {
        // Any result is fine: a change before the call, a signal, a wake-up for an older change.
        (void)::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
    }
}

void ThreadExecutor::wait_while_for(const std::atomic<uint32_t>& word, uint32_t value,
                                    uint64_t most_us) {
    const SteadyTime end = std::chrono::steady_clock::now() + std::chrono::microseconds(most_us);
    while (word.load(std::memory_order_acquire) == value) {
        const std::chrono::nanoseconds left = end - std::chrono::steady_clock::now();
        if (left.count() <= 0) return;
        const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
        (void)::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, &timeout, nullptr, 0);
    }
}

void ThreadExecutor::wake(const std::atomic<uint32_t>& word) {
    (void)::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void ThreadExecutor::run(LaneState& lane) {
    std::vector<Job> jobs;
    while (take(lane, jobs)) {
        for (Job& job : jobs) {
            job();
            job = nullptr;  // what a job owns must not outlive it by the length of the batch
        }
        finish(jobs.size());
        jobs.clear();
    }
}

/// Sleeps until there is work, and moves it into `jobs`: everything queued for a serial lane, else
/// one job. False when the executor stops.
bool ThreadExecutor::take(LaneState& lane, std::vector<Job>& jobs) {
    std::unique_lock<std::mutex> lock(lane.mutex);
    for (;;) {
        if (!lane.delayed.empty()) promote_due(lane);
        if (!lane.queue.empty()) break;
        if (lane.stopping) return false;
        ++lane.sleeping;
        if (lane.delayed.empty()) {
            lane.wake.wait(lock);
        } else {
            const SteadyTime due = lane.delayed.front().due;  // the heap may move while asleep
            lane.wake.wait_until(lock, due);
        }
        --lane.sleeping;
    }
    if (lane.serial) {
        jobs.swap(lane.queue);
    } else {
        // The queue is a handful of long jobs, so moving the rest down costs nothing.
        jobs.push_back(std::move(lane.queue.front()));
        lane.queue.erase(lane.queue.begin());
        // Several delayed jobs may have come due together, and only this thread woke up for them;
        // or it was the one that slept until the next is due, and the others sleep without end.
        if ((!lane.queue.empty() || !lane.delayed.empty()) && lane.sleeping > 0) {
            lane.wake.notify_one();
        }
    }
    return true;
}

/// Moves delayed jobs whose time has come to the queue. Requires the lane's lock.
void ThreadExecutor::promote_due(LaneState& lane) {
    const SteadyTime now = std::chrono::steady_clock::now();
    while (!lane.delayed.empty() && lane.delayed.front().due <= now) {
        std::pop_heap(lane.delayed.begin(), lane.delayed.end(), later);
        pending_.fetch_add(1, std::memory_order_relaxed);
        lane.queue.push_back(std::move(lane.delayed.back().job));
        lane.delayed.pop_back();
    }
}

void ThreadExecutor::finish(uint64_t jobs) {
    // Sequentially consistent for the same reason as in Executor::signal.
    if (pending_.fetch_sub(jobs) == jobs) pending_.notify_all();
}

}  // namespace

unsigned hardware_threads() { return std::max(std::thread::hardware_concurrency(), 1U); }

std::unique_ptr<Executor> make_thread_executor(int compaction_threads) {
    return std::make_unique<ThreadExecutor>(compaction_threads);
}

}  // namespace kv
