// DeterministicExecutor: the engine's lanes on one thread, in an order drawn from a seed. The same
// seed and the same posts give the same schedule on every machine, so a failing seed is a bug that
// can be replayed.
//
// Nothing runs by itself: jobs run inside run_one(), run_until_idle() and wait(). A job that waits
// lets jobs of other lanes run on top of it, never one of a lane that is already on the stack.
// Thread rule: everything on the thread that made it; asserted.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "kv/clock.h"
#include "kv/executor.h"

namespace kv {

class DeterministicExecutor final : public Executor {
  public:
    /// With a `clock`, delayed jobs follow it, and wait() may advance it; it must outlive this
    /// object. Without one they follow a time of their own, which only wait() and
    /// advance_to_next_delayed() move.
    explicit DeterministicExecutor(uint64_t seed, FakeClock* clock = nullptr);
    /// Drops what is still queued, as a crash would. Call run_until_idle() first to finish it.
    ~DeterministicExecutor() override = default;

    void post(Lane lane, Job job) override;
    void post_after(Lane lane, uint64_t delay_ms, Job job) override;
    /// Runs jobs until `word` changes. When none is left to run, moves time to the earliest delayed
    /// job; when there is none of those either, the wait could never end and the process stops.
    void wait_while(const std::atomic<uint32_t>& word, uint32_t value) override;
    void wait_while_for(const std::atomic<uint32_t>& word, uint32_t value,
                        uint64_t most_us) override;
    void wake(const std::atomic<uint32_t>&) override {}

    /// Runs the first job of one lane that has work, the lane being drawn at random. False when
    /// nothing can run now.
    bool run_one();
    /// Runs until nothing can run now; delayed jobs whose time has not come stay. Returns how many
    /// ran.
    uint64_t run_until_idle();
    /// Moves time to the earliest delayed job, which becomes runnable. False when there is none.
    bool advance_to_next_delayed();

    /// Jobs that wait for their turn on `lane`, delayed ones not included.
    size_t queued(Lane lane) const { return queues_[static_cast<size_t>(lane)].size(); }
    size_t delayed() const { return delayed_.size(); }
    /// Jobs started so far.
    uint64_t steps() const { return steps_; }
    /// A hash of every choice so far: equal traces mean equal schedules.
    uint64_t trace() const { return trace_; }

  private:
    struct Delayed {
        uint64_t due_us;
        uint64_t sequence;
        Lane lane;
        Job job;
    };

    void check_thread() const;
    uint64_t now_us() const;
    bool has_earliest_delayed(size_t& index) const;
    void promote_due();

    const std::thread::id thread_;
    FakeClock* const clock_;
    uint64_t random_state_;
    uint64_t own_time_us_ = 0;
    uint64_t next_sequence_ = 0;
    uint64_t steps_ = 0;
    uint64_t trace_ = 0;
    std::array<std::deque<Job>, kLaneCount> queues_;
    std::array<bool, kLaneCount> on_stack_{};
    std::vector<Delayed> delayed_;  // unsorted: there are never more than a few
};

}  // namespace kv
