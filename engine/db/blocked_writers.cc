// See the header. A writer's state goes kQueued -> kInRound + i -> kAnswered, or, when it falls
// asleep too early to know its round, kQueued -> kParked -> kAnswered.
// SPDX-License-Identifier: Apache-2.0
#include "db/blocked_writers.h"

namespace kv::db {

namespace {

constexpr uint32_t kQueued = 0, kParked = 1, kAnswered = 2, kInRound = 3;

BlockedWriter& writer_of(const WriteRequest& request) {
    return *static_cast<BlockedWriter*>(request.context);
}

}  // namespace

void BlockedWriters::join(WriteRequest& request, uint64_t round) {
    uint32_t expected = kQueued;
    // A parked writer stays on its own word.
    writer_of(request).state.compare_exchange_strong(
        expected, kInRound + static_cast<uint32_t>(round % kRounds), std::memory_order_acq_rel);
}

void BlockedWriters::wait(BlockedWriter& writer) {
    while (true) {
        uint32_t state = writer.state.load(std::memory_order_acquire);
        if (state == kAnswered) return;
        if (state == kQueued &&
            !writer.state.compare_exchange_strong(state, kParked, std::memory_order_acq_rel)) {
            continue;
        }
        if (state < kInRound) {
            executor_.wait_while(writer.state, kParked);
            continue;
        }
        Round& round = rounds_[state - kInRound];
        // Sequentially consistent, like wake: either it sees this sleeper, or the word seen here is
        // the new one and everything answered before shows.
        round.sleepers.fetch_add(1);
        const uint32_t word = round.word.load();
        if (writer.state.load(std::memory_order_acquire) != kAnswered) {
            executor_.wait_while(round.word, word);
        }
        round.sleepers.fetch_sub(1, std::memory_order_relaxed);
    }
}

void BlockedWriters::Answers::answer(std::unique_ptr<WriteRequest> request) {
    std::atomic<uint32_t>& state = writer_of(*request.release()).state;
    const uint32_t before = state.exchange(kAnswered, std::memory_order_acq_rel);
    // From here on the writer may be gone; waking uses no more than the address.
    if (before == kParked) writers_.executor_.wake(state);
    if (before >= kInRound) rounds_ |= 1U << (before - kInRound);
}

void BlockedWriters::Answers::wake() {
    for (uint32_t i = 0; i < kRounds; ++i) {
        if ((rounds_ & 1U << i) == 0) continue;
        Round& round = writers_.rounds_[i];
        round.word.fetch_add(1);
        if (round.sleepers.load() != 0) writers_.executor_.wake(round.word);
    }
    rounds_ = 0;
}

}  // namespace kv::db
