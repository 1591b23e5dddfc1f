// See network_thread.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/network_thread.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "kv/write_program.h"

namespace kv::server {

namespace asio = boost::asio;

namespace {

// Handlers in one round, at whose end answers leave: enough that a client with many connections is
// woken once for all of them, few enough to keep answers prompt.
constexpr int kHandlersPerRound = 128;
// So much to write is submitted before the end of the round, so that the log syncs some of the
// writes of all clients while the rest are still being read. Less is not worth another sync.
constexpr size_t kBytesPerSubmit = 128U << 10;
// Grain of all time limits. Coarse: each tick walks every connection of the thread.
constexpr auto kTick = std::chrono::milliseconds(100);

}  // namespace

NetworkThread::NetworkThread(SharedState& shared, size_t index)
    : shared_(shared),
      index_(index),
      counters_(shared.counters[index]),
      work_(asio::make_work_guard(context_)),
      timer_(context_) {}

NetworkThread::~NetworkThread() = default;

void NetworkThread::start() {
    thread_ = std::thread([this] { run(); });
    const std::string name = "kvd-net-" + std::to_string(index_);
    pthread_setname_np(thread_.native_handle(), name.c_str());
}

void NetworkThread::run() {
    start_timer();
    while (!stopping_ || !connections_.empty()) {
        context_.run_one();
        for (int i = 1; i < kHandlersPerRound && gathers() && context_.poll_one() != 0; ++i) {
            if (to_submit_bytes_ >= kBytesPerSubmit) submit_gathered(Submitter::kGoesOn);
            if (answers_many() && take_finished()) settle_connections();
        }
        finish_round();
    }
}

/// Otherwise looking for more sockets is a system call that run_one() makes anyway.
bool NetworkThread::gathers() const {
    const bool has_work = !to_submit_.empty() || !to_settle_.empty() || awake_.load();
    const bool all_spoke = std::max(to_settle_.size(), activity_.waiting) >= activity_.active;
    return has_work && !all_spoke;
}

void NetworkThread::finish_round() {
    do {
        settle_connections();
        if (!to_submit_.empty()) submit_gathered(as_submitter());
    } while (take_finished() || read_on());
    check_drained();
}

void NetworkThread::submit_gathered(Submitter submitter) {
    counters_.add(Counter::kSubmits);
    const size_t submitted = to_submit_.size();
    shared_.db.submit(std::exchange(to_submit_, {}), submitter);
    to_submit_.reserve(submitted);  // the next round is like this one
    to_submit_bytes_ = 0;
}

/// At the end of a round, when no socket is known to be ready.
Submitter NetworkThread::as_submitter() {
    // When every client waits for writes, so does this thread.
    if (activity_.waiting == activity_.active) return Submitter::kWaits;
    // Nobody is kept from reading by a sync here, and a quarter of all share it at the least.
    const bool only_writes = activity_.reading == 0 && 4 * activity_.writing >= activity_.active;
    if (!only_writes || log_hand_over_.hands_over()) return Submitter::kGoesOn;
    return Submitter::kOnlyWrites;
}

void NetworkThread::settle_connections() {
    while (!to_settle_.empty()) {
        settling_.swap(to_settle_);
        for (Connection* connection : settling_) {
            connection->queued_for_settling = false;
            connection->settle();
            if (connection->is_gone() && !connection->queued_for_settling &&
                !connection->queued_for_reading) {
                connections_.erase(connection);
            }
        }
        settling_.clear();
    }
}

/// Asio tries to receive before it waits for a socket. Tried in the moment that an answer has left,
/// that is a system call in vain: it is tried when the answers to all clients have, and the first
/// of them have sent their next request.
bool NetworkThread::read_on() {
    for (Connection* connection : to_read_) {
        connection->queued_for_reading = false;
        connection->read_on();
        if (connection->is_gone()) settle_later(*connection);
    }
    to_read_.clear();
    return !to_settle_.empty();
}

/// Were the first of these kept until the round ends, all clients would be answered in one moment
/// and send their next requests in the next: they, the network thread and the disk would wait for
/// one another in turn. To send a few at a time would only make the groups of the log small.
bool NetworkThread::answers_many() {
    if (!awake_.load()) return false;
    const std::lock_guard lock(mutex_);
    return 4 * written_.size() >= activity_.waiting;
}

bool NetworkThread::take_finished() {
    // Whoever adds and then finds "asleep" wakes us with a round of its own.
    if (!awake_.load()) return false;
    // Before the look: whoever adds after it will see "asleep" and wake us again.
    awake_.store(false);
    {
        const std::lock_guard lock(mutex_);
        taken_writes_.swap(written_);
        taken_tasks_.swap(finished_tasks_);
        taken_mail_.swap(mailed_);
    }
    if (taken_writes_.empty() && taken_tasks_.empty() && taken_mail_.empty()) return false;
    const uint64_t now = now_us();
    for (auto& request : taken_writes_) {
        auto* connection = static_cast<Connection*>(request->context);
        connection->on_written(std::move(request), now);
    }
    for (auto& task : taken_tasks_) task->finish();
    for (const auto& client : taken_mail_) {
        if (client->owner != nullptr) static_cast<Connection*>(client->owner)->on_mail(now);
    }
    taken_writes_.clear();
    taken_tasks_.clear();
    taken_mail_.clear();
    return true;
}

void NetworkThread::wake() {
    if (awake_.exchange(true)) return;
    // The round that runs this handler does the work at its end.
    asio::post(context_, [] {});
}

void NetworkThread::on_written(std::unique_ptr<WriteRequest> request) {
    const std::lock_guard lock(mutex_);
    written_.push_back(std::move(request));
}

void NetworkThread::on_task_done(std::unique_ptr<PoolTask> task) {
    {
        const std::lock_guard lock(mutex_);
        finished_tasks_.push_back(std::move(task));
    }
    wake();
}

void NetworkThread::on_mail(std::shared_ptr<ClientHandle> client) {
    {
        const std::lock_guard lock(mutex_);
        mailed_.push_back(std::move(client));
    }
    wake();
}

void NetworkThread::submit(std::unique_ptr<WriteRequest> request) {
    request->observer = this;
    to_submit_bytes_ += request->batch.size_bytes();
    if (request->program != nullptr) to_submit_bytes_ += request->program->held_bytes();
    to_submit_.push_back(std::move(request));
}

bool NetworkThread::post(std::unique_ptr<PoolTask>& task) {
    task->home = this;
    return shared_.pool.post(task);
}

void NetworkThread::settle_later(Connection& connection) {
    if (connection.queued_for_settling) return;
    connection.queued_for_settling = true;
    to_settle_.push_back(&connection);
}

void NetworkThread::read_later(Connection& connection) {
    if (connection.queued_for_reading) return;
    connection.queued_for_reading = true;
    to_read_.push_back(&connection);
}

void NetworkThread::adopt(Arrival arrival) {
    connection_count_.fetch_add(1, std::memory_order_relaxed);
    asio::post(context_, [this, arrival = std::move(arrival)]() mutable {
        auto connection = std::make_unique<Connection>(*this, shared_, index_, std::move(arrival));
        Connection& added = *connection;
        connections_.emplace(&added, std::move(connection));
        added.start();
        if (stopping_) added.close();
        if (draining_) added.drain(now_us());
    });
}

void NetworkThread::start_timer() {
    timer_.expires_after(kTick);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) on_tick();
    });
}

void NetworkThread::on_tick() {
    const uint64_t now = now_us();
    for (auto& [connection, owned] : connections_) connection->on_tick(now);
    if (index_ == 0) shared_.snapshots.expire(now);
    start_timer();
}

std::future<void> NetworkThread::drain() {
    std::future<void> drained = drained_promise_.get_future();
    asio::post(context_, [this] {
        draining_ = true;
        const uint64_t now = now_us();
        for (auto& [connection, owned] : connections_) connection->drain(now);
    });
    return drained;
}

void NetworkThread::check_drained() {
    if (!draining_ || drained_ || !connections_.empty()) return;
    drained_ = true;
    drained_promise_.set_value();
}

void NetworkThread::stop() {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] {
        stopping_ = true;
        for (auto& [connection, owned] : connections_) connection->close();
    });
    thread_.join();
}

}  // namespace kv::server
