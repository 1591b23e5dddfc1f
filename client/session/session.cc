// Keeping connected, and the synchronous call on top of the asynchronous one.
// SPDX-License-Identifier: Apache-2.0
#include "session/session.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace kv::client {

namespace {

std::chrono::steady_clock::time_point time_point(uint64_t us) {
    return std::chrono::steady_clock::time_point(std::chrono::microseconds(us));
}

// The sink of a caller who waits.
class Waiter final : public CallSink {
  public:
    void on_answer(const Status& status, Bytes body, bool /*more*/) override {
        const std::lock_guard lock(mutex_);
        status_ = status;
        body_ = body;
        done_ = true;
        ready_.notify_one();
    }

    Result<std::string> wait() {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [this] { return done_; });
        if (!status_.is_ok()) return status_;
        return std::move(body_);
    }

  private:
    std::mutex mutex_;
    std::condition_variable ready_;
    bool done_ = false;
    Status status_;
    std::string body_;
};

Status cancelled(const ClientOptions& options) {
    return {Code::kCancelled, "connecting to " + options.address + ": cancelled"};
}

}  // namespace

class Session::Withdrawal {
  public:
    /// An eventfd that is readable once withdrawn. Without one (no descriptors are left, and so no
    /// connection will be made either) connecting takes its time.
    int fd() const { return event_.fd(); }
    void withdraw() const {
        const uint64_t one = 1;
        (void)!::write(event_.fd(), &one, sizeof one);  // when it is full it is readable too
    }

  private:
    const Socket event_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
};

void Session::close() {
    Connections all;
    {
        std::unique_lock lock(mutex_);
        closed_ = true;
        if (connecting_ != nullptr) connecting_->withdraw();
        connected_.wait(lock, [this] { return connecting_ == nullptr; });
        all.swap(retired_);
        if (current_ != nullptr) all.push_back(std::move(current_));
    }
    for (const auto& connection : all) connection->close();
}

Session::Connections Session::retire() {
    if (current_ != nullptr && !current_->usable()) retired_.push_back(std::move(current_));
    Connections gone;
    std::erase_if(retired_, [&](std::shared_ptr<Connection>& connection) {
        // One that runs a callback may be waiting there for this session, and whoever still has
        // a pointer to one that has ended can be its last owner on any thread.
        const bool ended = connection->has_ended();
        if (ended) gone.push_back(std::move(connection));
        return ended;
    });
    return gone;
}

Result<std::shared_ptr<Connection>> Session::connection(uint64_t deadline_us,
                                                        const std::stop_token& stop) {
    Connections gone;  // outlives the lock
    std::unique_lock lock(mutex_);
    if (current_ != nullptr && current_->usable()) return current_;
    const uint64_t seen = cancellations_;
    const auto may_go_on = [&] { return connecting_ == nullptr || cancellations_ != seen; };
    if (!connected_.wait_until(lock, time_point(deadline_us), may_go_on)) {
        return Status(Code::kDeadline, "connecting to " + options_.address + ": no answer in time");
    }
    if (cancellations_ != seen) return cancelled(options_);
    if (current_ != nullptr && current_->usable()) return current_;
    if (closed_) return Status(Code::kUnavailable, "the client was closed");
    const auto withdrawal = std::make_shared<Withdrawal>();
    connecting_ = withdrawal;
    lock.unlock();
    const uint64_t limit_us = now_us() + uint64_t{options_.connect_timeout_ms} * 1000;
    const std::stop_callback stopping(stop, [&] { withdrawal->withdraw(); });
    auto opened = Connection::open(options_, {std::min(deadline_us, limit_us), withdrawal->fd()});
    lock.lock();
    connecting_ = nullptr;
    connected_.notify_all();
    gone = retire();
    if (!opened.is_ok()) return opened.error();
    current_ = std::move(*opened);
    server_info_ = current_->server_info();
    if (cancellations_ != seen) return cancelled(options_);  // the connection serves the next call
    return current_;
}

void Session::submit(Request request, std::shared_ptr<CallSink> sink) {
    if (!request.error.is_ok()) {
        sink->on_answer(request.error, {}, false);
        return;
    }
    auto connected = connection(request.deadline_us);
    Status status = connected.status();
    if (status.is_ok() && request.frame.size() > (*connected)->max_frame_bytes()) {
        status = Status::invalid_argument(
            "a request of " + std::to_string(request.frame.size()) + " bytes; the server takes " +
            std::to_string((*connected)->max_frame_bytes()) + ": split it");
    }
    if (!status.is_ok()) {
        sink->on_answer(status, {}, false);
        return;
    }
    (*connected)
        ->submit(request.opcode, std::move(request.frame), request.deadline_us, std::move(sink));
}

Result<std::string> Session::call(Request request) {
    const auto waiter = std::make_shared<Waiter>();
    submit(std::move(request), waiter);
    return waiter->wait();
}

std::shared_ptr<Connection> Session::current() const {
    const std::lock_guard lock(mutex_);
    return current_ != nullptr && current_->usable() ? current_ : nullptr;
}

void Session::cancel_all() {
    Connections all;
    {
        const std::lock_guard lock(mutex_);
        ++cancellations_;
        if (connecting_ != nullptr) connecting_->withdraw();
        connected_.notify_all();
        all = retired_;
        if (current_ != nullptr) all.push_back(current_);
    }
    for (const auto& connection : all) connection->cancel_all();
}

uint64_t Session::cancellations() const {
    const std::lock_guard lock(mutex_);
    return cancellations_;
}

ServerInfo Session::server_info() const {
    const std::lock_guard lock(mutex_);
    return server_info_;
}

}  // namespace kv::client
