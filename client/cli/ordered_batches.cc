// See ordered_batches.h.
// SPDX-License-Identifier: Apache-2.0
#include "cli/ordered_batches.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

namespace kv::cli {

namespace {

// For a server that does not say, and against one that says too much.
constexpr uint64_t kLeastPauseMs = 10;
constexpr uint64_t kLongestPauseMs = 2000;

}  // namespace

OrderedBatches::OrderedBatches(Client& client, size_t depth, client::WriteOptions options,
                               std::function<bool()> gives_up)
    : client_(client), depth_(depth), options_(options), gives_up_(std::move(gives_up)) {
    open_pipeline();
}

void OrderedBatches::open_pipeline() {
    pipeline_.emplace(
        client_, depth_, options_,
        [this](uint64_t tag, const Result<client::WriteReceipt>& result) { note(tag, result); });
}

Status OrderedBatches::send(client::Batch batch, uint64_t tag) {
    const auto shared = std::make_shared<const client::Batch>(std::move(batch));
    {
        const std::lock_guard lock(mutex_);
        if (sent_.empty()) stored_one_ = Clock::now();
        sent_.push_back({tag, shared, false});
    }
    Status status = pipeline_->write(*shared, tag);
    return status.is_ok() ? status : resume(std::move(status));
}

Status OrderedBatches::finish() {
    for (;;) {
        Status status = pipeline_->drain();
        if (status.is_ok()) return status;
        KV_RETURN_IF_ERROR(resume(std::move(status)));
    }
}

std::optional<uint64_t> OrderedBatches::first_open() const {
    const std::lock_guard lock(mutex_);
    return sent_.empty() ? std::nullopt : std::optional(sent_.front().tag);
}

void OrderedBatches::note(uint64_t tag, const Result<client::WriteReceipt>& result) {
    const std::lock_guard lock(mutex_);
    if (!result.is_ok()) {
        if (result.status().is(Code::kOverloaded))
            pause_ms_ = std::max(pause_ms_, result.status().detail());
        return;
    }
    for (Sent& sent : sent_)
        if (sent.tag == tag) sent.stored = true;
    while (!sent_.empty() && sent_.front().stored) {
        sent_.pop_front();
        stored_one_ = Clock::now();
    }
}

/// After a write has failed: sends all again from the first one not stored, unless it failed for
/// another reason than overload.
Status OrderedBatches::resume(Status status) {
    while (status.is(Code::kOverloaded)) {
        (void)pipeline_->drain();  // its first error is `status`
        uint64_t pause_ms;
        {
            const std::lock_guard lock(mutex_);
            if (Clock::now() - stored_one_ > kPatience) return status;
            pause_ms = std::clamp(std::exchange(pause_ms_, 0), kLeastPauseMs, kLongestPauseMs);
        }
        if (gives_up_()) return status;
        std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
        open_pipeline();
        status = send_again();
    }
    return status;
}

Status OrderedBatches::send_again() {
    std::vector<Sent> again;
    {
        const std::lock_guard lock(mutex_);
        for (Sent& sent : sent_) sent.stored = false;
        again.assign(sent_.begin(), sent_.end());
    }
    for (const Sent& sent : again) KV_RETURN_IF_ERROR(pipeline_->write(*sent.batch, sent.tag));
    return Status::ok();
}

}  // namespace kv::cli
