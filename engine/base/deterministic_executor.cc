// The schedule of DeterministicExecutor: which lane goes next, and when time moves.
// SPDX-License-Identifier: Apache-2.0
#include "kv/deterministic_executor.h"

#include <utility>

#include "base/random.h"
#include "kv/assert.h"

namespace kv {

DeterministicExecutor::DeterministicExecutor(uint64_t seed, FakeClock* clock)
    : thread_(std::this_thread::get_id()), clock_(clock), random_state_(seed) {}

void DeterministicExecutor::check_thread() const {
    const bool on_the_thread_that_made_this_executor = std::this_thread::get_id() == thread_;
    KV_ASSERT(on_the_thread_that_made_this_executor);
}

uint64_t DeterministicExecutor::now_us() const {
    return clock_ != nullptr ? clock_->monotonic_us() : own_time_us_;
}

void DeterministicExecutor::post(Lane lane, Job job) {
    check_thread();
    queues_[static_cast<size_t>(lane)].push_back(std::move(job));
}

void DeterministicExecutor::post_after(Lane lane, uint64_t delay_ms, Job job) {
    check_thread();
    delayed_.push_back({now_us() + delay_ms * 1000, next_sequence_++, lane, std::move(job)});
}

void DeterministicExecutor::wait_while(const std::atomic<uint32_t>& word, uint32_t value) {
    check_thread();
    while (word.load(std::memory_order_acquire) == value) {
        if (run_one()) continue;
        // Either nothing was ever posted that changes the word, or it sits behind a lane on the
        // stack.
        const bool wait_can_end = advance_to_next_delayed();
        KV_ASSERT(wait_can_end && "no job left that could change the word: this wait never ends");
    }
}

void DeterministicExecutor::wait_while_for(const std::atomic<uint32_t>& word, uint32_t value,
                                           uint64_t) {
    check_thread();
    while (word.load(std::memory_order_acquire) == value && run_one()) {
    }
}

bool DeterministicExecutor::run_one() {
    check_thread();
    promote_due();
    std::array<size_t, kLaneCount> runnable{};
    size_t count = 0;
    for (size_t lane = 0; lane < queues_.size(); ++lane) {
        if (!queues_[lane].empty() && !on_stack_[lane]) runnable[count++] = lane;
    }
    if (count == 0) return false;
    const size_t lane = runnable[splitmix64(random_state_) % count];
    uint64_t mixed = trace_ ^ (lane + 1);
    trace_ = splitmix64(mixed);
    ++steps_;
    {
        const Job job = std::move(queues_[lane].front());
        queues_[lane].pop_front();
        on_stack_[lane] = true;
        job();
    }
    on_stack_[lane] = false;
    return true;
}

uint64_t DeterministicExecutor::run_until_idle() {
    uint64_t ran = 0;
    while (run_one()) ++ran;
    return ran;
}

bool DeterministicExecutor::has_earliest_delayed(size_t& index) const {
    if (delayed_.empty()) return false;
    index = 0;
    for (size_t i = 1; i < delayed_.size(); ++i) {
        const Delayed& best = delayed_[index];
        const Delayed& other = delayed_[i];
        if (std::pair(other.due_us, other.sequence) < std::pair(best.due_us, best.sequence)) {
            index = i;
        }
    }
    return true;
}

void DeterministicExecutor::promote_due() {
    size_t index;
    while (has_earliest_delayed(index) && delayed_[index].due_us <= now_us()) {
        Delayed due = std::move(delayed_[index]);
        delayed_.erase(delayed_.begin() + static_cast<std::ptrdiff_t>(index));
        queues_[static_cast<size_t>(due.lane)].push_back(std::move(due.job));
    }
}

bool DeterministicExecutor::advance_to_next_delayed() {
    check_thread();
    size_t index;
    if (!has_earliest_delayed(index)) return false;
    const uint64_t due_us = delayed_[index].due_us;
    const uint64_t now = now_us();
    if (due_us > now) {
        if (clock_ != nullptr) {
            clock_->advance_ms((due_us - now + 999) / 1000);
        } else {
            own_time_us_ = due_us;
        }
    }
    promote_due();
    return true;
}

}  // namespace kv
