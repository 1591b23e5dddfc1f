// The event loop of one thread of the load generator.
// SPDX-License-Identifier: Apache-2.0
#include "bench/worker.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace kv::bench {

namespace {

constexpr int kMaxEvents = 128;
constexpr int kWaitMs = 100;
// How long to wait, after the end, for answers still on their way.
constexpr uint64_t kDrainNs = 5'000'000'000;
constexpr uint64_t kNsPerSecond = 1'000'000'000;

Status system_error(const char* call) {
    return Status::io_error(std::string(call) + ": " + std::strerror(errno));
}

}  // namespace

uint64_t now_ns() {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
}

Worker::Worker(const Workload& workload, const Wire& wire, const Control& control,
               InsertedKeys& inserted, uint32_t index, uint64_t requests)
    : workload_(workload),
      wire_(wire),
      control_(control),
      inserted_(inserted),
      index_(index),
      chooser_(workload, inserted, index),
      limited_(workload.requests != 0),
      requests_left_(requests),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

Status Worker::connect() {
    // epoll keeps pointers into it.
    connections_.reserve(workload_.connections / workload_.threads + 1);
    for (uint32_t number = index_; number < workload_.connections; number += workload_.threads) {
        KV_ASSIGN_OR_RETURN(auto wire, wire_.open());
        if (workload_.pipeline > wire->max_outstanding()) {
            return Status::invalid_argument("--pipeline " + std::to_string(workload_.pipeline) +
                                            "; the server allows " +
                                            std::to_string(wire->max_outstanding()));
        }
        Connection& connection = connections_.emplace_back();
        connection.wire = std::move(wire);
        connection.role = workload_.role(number);
        connection.slots.resize(workload_.pipeline);
        for (uint32_t slot = workload_.pipeline; slot-- > 0;) connection.free.push_back(slot);
        watch(connection, true);
    }
    return workload_.rate == 0 ? Status::ok() : watch_timer();
}

Status Worker::watch_timer() {
    timer_ = client::Socket(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (timer_.fd() < 0) return system_error("timerfd_create");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, timer_.fd(), &event) != 0) {
        return system_error("epoll_ctl");
    }
    return Status::ok();
}

void Worker::watch(Connection& connection, bool add) {
    epoll_event event{};
    event.events = connection.wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = &connection;
    if (::epoll_ctl(epoll_.fd(), add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.wire->fd(),
                    &event) != 0) {
        lose(connection, system_error("epoll_ctl"));
    }
}

bool Worker::may_send() {
    return !control_.stop.load(std::memory_order_relaxed) && (!limited_ || requests_left_ > 0);
}

void Worker::request(Connection& connection, uint64_t start_ns) {
    const uint32_t number = connection.free.back();
    connection.free.pop_back();
    Slot& slot = connection.slots[number];
    slot = {start_ns, chooser_.next(connection.role), true, false};
    slot.read_half = slot.operation.kind == OpKind::kReadModifyWrite;
    Operation first = slot.operation;
    if (slot.read_half) first.kind = OpKind::kRead;
    connection.wire->add(first, number);
    if (limited_ && measuring_) --requests_left_;
}

void Worker::fill(Connection& connection, uint64_t now_ns) {
    while (!connection.free.empty() && may_send()) {
        if (!schedule_) {
            request(connection, now_ns);
            continue;
        }
        if (connection.due.empty()) break;
        request(connection, connection.due.front());
        connection.due.pop_front();
    }
    send(connection);
}

void Worker::send(Connection& connection) {
    const auto all = connection.wire->send();
    if (!all.is_ok()) {
        lose(connection, all.error());
    } else if (*all == connection.wants_write) {
        connection.wants_write = !*all;
        watch(connection, false);
    }
}

void Worker::lose(Connection& connection, const Status& why) {
    if (connection.lost) return;
    connection.lost = true;
    if (first_error_.is_ok()) first_error_ = why;
    const uint64_t unanswered = connection.slots.size() - connection.free.size();
    measurement_.errors["connection_lost"] += std::max<uint64_t>(unanswered, 1);
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, connection.wire->fd(), nullptr);
}

void Worker::take_answer(Connection& connection, const Answer& answer, uint64_t now_ns) {
    if (answer.slot >= connection.slots.size() || !connection.slots[answer.slot].busy) return;
    Slot& slot = connection.slots[answer.slot];
    const bool good =
        answer.outcome == Answer::Outcome::kOk || answer.outcome == Answer::Outcome::kMissing;
    if (slot.read_half && good) {
        slot.read_half = false;
        if (answer.outcome == Answer::Outcome::kMissing) ++measurement_.misses;
        Operation second = slot.operation;
        second.kind = OpKind::kWrite;
        connection.wire->add(second, answer.slot);
        return;
    }
    slot.busy = false;
    connection.free.push_back(answer.slot);
    if (slot.operation.kind == OpKind::kInsert) inserted_.finish(slot.operation.key_index);
    record(slot, answer, now_ns);
}

void Worker::record(const Slot& slot, const Answer& answer, uint64_t now_ns) {
    switch (answer.outcome) {
        case Answer::Outcome::kOverloaded:
            ++measurement_.overloaded;
            return;
        case Answer::Outcome::kError:
            ++measurement_.errors[answer.error_name];
            if (first_error_.is_ok()) first_error_ = answer.error;
            return;
        case Answer::Outcome::kMissing:
            ++measurement_.misses;
            break;
        case Answer::Outcome::kOk:
            break;
    }
    measurement_.latency_ns[static_cast<size_t>(slot.operation.kind)].record(now_ns -
                                                                             slot.start_ns);
    progress_.store(progress_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Worker::serve(Connection& connection, uint32_t events) {
    if (connection.lost) return;
    if ((events & EPOLLOUT) != 0) send(connection);
    if ((events & ~static_cast<uint32_t>(EPOLLOUT)) == 0 || connection.lost) return;
    answers_.clear();
    const Status status = connection.wire->receive(answers_);
    const uint64_t now = bench::now_ns();
    for (const Answer& answer : answers_) take_answer(connection, answer, now);
    if (!status.is_ok()) {
        lose(connection, status);
    } else if (!answers_.empty()) {
        fill(connection, now);
    }
}

void Worker::begin_measuring() {
    measuring_ = true;
    // A connection lost in the warm-up is missing from all that is measured.
    const auto lost = measurement_.errors.extract("connection_lost");
    measurement_ = {};
    if (!lost.empty()) measurement_.errors[lost.key()] = lost.mapped();
    measure_start_ns_ = bench::now_ns();
}

// Hands what is due to its connections, and sets the timer for what comes next.
void Worker::release_due() {
    const uint64_t now = bench::now_ns();
    while (const auto arrival = schedule_->take_due(now)) {
        Connection& connection = connections_[arrival->connection];
        connection.due.push_back(arrival->due_ns);
        if (!connection.lost && !connection.free.empty()) fill(connection, now);
    }
    const uint64_t next = schedule_->next_ns();
    itimerspec timer{};
    timer.it_value.tv_sec = static_cast<time_t>(next / kNsPerSecond);
    timer.it_value.tv_nsec = static_cast<long>(next % kNsPerSecond);
    ::timerfd_settime(timer_.fd(), TFD_TIMER_ABSTIME, &timer, nullptr);
}

bool Worker::finished(uint64_t& drain_until_ns) {
    if (std::all_of(connections_.begin(), connections_.end(),
                    [](const Connection& connection) { return connection.lost; })) {
        return true;
    }
    if (may_send()) return false;
    uint64_t unanswered = 0;
    for (const Connection& connection : connections_) {
        if (!connection.lost) unanswered += connection.slots.size() - connection.free.size();
    }
    if (unanswered == 0) return true;
    const uint64_t now = bench::now_ns();
    if (drain_until_ns == 0) drain_until_ns = now + kDrainNs;
    if (now < drain_until_ns) return false;
    measurement_.errors["unanswered"] += unanswered;
    return true;
}

void Worker::count_unsent() {
    if (limited_ && requests_left_ == 0) return;  // all that was asked for was sent
    for (const Connection& connection : connections_) {
        measurement_.not_sent += connection.due.size();
    }
}

void Worker::run(uint64_t start_ns) {
    measuring_ = control_.measuring.load();
    measure_start_ns_ = start_ns;
    if (workload_.rate != 0) {
        schedule_.emplace(workload_.rate, workload_.connections, index_, workload_.threads,
                          start_ns);
    }
    for (Connection& connection : connections_) fill(connection, bench::now_ns());
    uint64_t drain_until_ns = 0;
    bool disarmed = false;
    while (!finished(drain_until_ns)) {
        if (schedule_ && may_send()) {
            release_due();
        } else if (schedule_ && !disarmed) {
            disarmed = true;
            timer_.close();
        }
        epoll_event events[kMaxEvents];
        const int count = ::epoll_wait(epoll_.fd(), events, kMaxEvents, kWaitMs);
        if (!measuring_ && control_.measuring.load(std::memory_order_relaxed)) begin_measuring();
        for (int i = 0; i < count; ++i) {
            if (events[i].data.ptr == nullptr) continue;  // the timer: see release_due
            serve(*static_cast<Connection*>(events[i].data.ptr), events[i].events);
        }
    }
    count_unsent();
    measurement_.seconds = static_cast<double>(bench::now_ns() - measure_start_ns_) / 1e9;
}

}  // namespace kv::bench
