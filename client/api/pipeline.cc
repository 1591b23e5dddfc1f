// A bounded number of writes in flight.
// SPDX-License-Identifier: Apache-2.0
#include "kv/client_pipeline.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace kv::client {

struct Pipeline::State {
    // Set once.
    size_t depth;
    Observer observer;

    std::mutex mutex;
    std::condition_variable room;
    // Guarded by mutex.
    size_t outstanding = 0;
    Status first_error;
};

Pipeline::Pipeline(Client& client, size_t depth, WriteOptions options, Observer observer)
    : client_(client), options_(options), state_(std::make_shared<State>()) {
    state_->depth = std::max<size_t>(depth, 1);
    state_->observer = std::move(observer);
}

Pipeline::~Pipeline() {
    // Errors have reached the observer; who wants them without one calls drain().
    (void)drain();
}

Status Pipeline::write(const Batch& batch, uint64_t tag) {
    {
        std::unique_lock lock(state_->mutex);
        state_->room.wait(lock, [this] { return state_->outstanding < state_->depth; });
        if (!state_->first_error.is_ok()) return state_->first_error;
        ++state_->outstanding;
    }
    client_.submit_write(batch, options_, [state = state_, tag](Result<WriteReceipt> result) {
        if (state->observer) state->observer(tag, result);
        const std::lock_guard lock(state->mutex);
        if (!result.is_ok() && state->first_error.is_ok()) state->first_error = result.error();
        --state->outstanding;
        state->room.notify_all();
    });
    return Status::ok();
}

Status Pipeline::drain() {
    std::unique_lock lock(state_->mutex);
    state_->room.wait(lock, [this] { return state_->outstanding == 0; });
    return state_->first_error;
}

}  // namespace kv::client
