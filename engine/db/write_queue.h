// WriteQueue: submitted writes on their way to the commit stage. Lock-free for any number of
// submitters; one consumer (the holder of the commit baton) takes everything at once, in order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "kv/db.h"

namespace kv::db {

/// A chain of requests linked by `next`, first to last. Owns them.
class RequestChain {
  public:
    RequestChain() = default;
    RequestChain(RequestChain&& other) noexcept
        : first_(std::exchange(other.first_, nullptr)),
          last_(std::exchange(other.last_, nullptr)) {}
    RequestChain& operator=(RequestChain&& other) noexcept {
        std::swap(first_, other.first_);
        std::swap(last_, other.last_);
        return *this;
    }
    ~RequestChain() {
        while (!empty()) pop_front();
    }

    bool empty() const { return first_ == nullptr; }
    WriteRequest* front() { return first_; }
    void push_back(std::unique_ptr<WriteRequest> request) {
        WriteRequest* raw = request.release();
        raw->next = nullptr;
        (last_ != nullptr ? last_->next : first_) = raw;
        last_ = raw;
    }
    std::unique_ptr<WriteRequest> pop_front() {
        std::unique_ptr<WriteRequest> front(first_);
        first_ = front->next;
        if (first_ == nullptr) last_ = nullptr;
        front->next = nullptr;
        return front;
    }
    /// Moves all of `other` to the end of this chain.
    void append(RequestChain&& other) {
        if (other.empty()) return;
        (last_ != nullptr ? last_->next : first_) = other.first_;
        last_ = other.last_;
        other.first_ = other.last_ = nullptr;
    }

  private:
    friend class WriteQueue;
    WriteRequest* first_ = nullptr;
    WriteRequest* last_ = nullptr;
};

class WriteQueue {
  public:
    WriteQueue() = default;
    WriteQueue(const WriteQueue&) = delete;
    ~WriteQueue() { (void)take_all(); }

    /// Any thread. Requests pushed by one thread stay in order.
    void push(std::unique_ptr<WriteRequest> request) {
        WriteRequest* raw = request.release();
        raw->next = newest_.load(std::memory_order_relaxed);
        while (!newest_.compare_exchange_weak(raw->next, raw, std::memory_order_release,
                                              std::memory_order_relaxed)) {
        }
    }
    bool empty() const { return newest_.load(std::memory_order_acquire) == nullptr; }

    /// Consumer only: everything pushed so far, oldest first.
    RequestChain take_all() {
        WriteRequest* newest = newest_.exchange(nullptr, std::memory_order_acquire);
        RequestChain chain;
        chain.last_ = newest;
        while (newest != nullptr) {  // the stack runs newest to oldest: turn it round
            WriteRequest* older = newest->next;
            newest->next = chain.first_;
            chain.first_ = newest;
            newest = older;
        }
        return chain;
    }

  private:
    std::atomic<WriteRequest*> newest_{nullptr};  // a stack linked by `next`
};

}  // namespace kv::db
