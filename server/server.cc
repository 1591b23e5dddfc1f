// See server.h. The order of ending: no new connection, no connection, no task, no snapshot; only
// then may the store go.
// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "server/listener.h"
#include "server/network_thread.h"
#include "server/shared_state.h"

namespace kv::server {

size_t Server::network_threads_of(const config::Config& config) {
    if (config.network_threads != 0) return config.network_threads;
    // The other half is for the engine's lanes, the read pool and compaction. With a network thread
    // a core on two cores, 50 clients that SET one by one got 13 % less and cost 39 % more.
    return std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, 4);
}

std::string_view server_version() { return KV_VERSION; }

Server::Server() = default;

Result<std::unique_ptr<Server>> Server::start(const config::Config& config, Db& db, Clock& clock) {
    KV_ASSIGN_OR_RETURN(BoundSockets sockets, BoundSockets::open(config));
    return start(config, std::move(sockets), db, clock);
}

Result<std::unique_ptr<Server>> Server::start(const config::Config& config, BoundSockets sockets,
                                              Db& db, Clock& clock) {
    std::unique_ptr<Server> server(new Server());
    const size_t count = network_threads_of(config);
    server->shared_ = std::make_unique<SharedState>(db, config, clock, count);
    for (size_t i = 0; i < count; ++i) {
        server->threads_.push_back(std::make_unique<NetworkThread>(*server->shared_, i));
    }
    // Before anything can fail: ending the server needs its threads running.
    for (auto& thread : server->threads_) thread->start();
    KV_RETURN_IF_ERROR(server->shared_->keyspaces.open(db));
    KV_RETURN_IF_ERROR(server->listen(WireProtocol::kNative, std::move(sockets.native)));
    if (sockets.resp) {
        KV_RETURN_IF_ERROR(server->listen(WireProtocol::kResp, *std::move(sockets.resp)));
    }
    for (const auto& listener : server->listeners_) {
        boost::asio::post(server->threads_[0]->context(), [raw = listener.get()] { raw->start(); });
    }
    return server;
}

Status Server::listen(WireProtocol protocol, BoundSocket socket) {
    listeners_.push_back(
        std::make_unique<Listener>(*shared_, protocol, threads_[0]->context(), threads_));
    return listeners_.back()->open(std::move(socket));
}

Server::~Server() {
    close_listeners();
    stop_threads();
}

const std::string& Server::native_address() const { return listeners_[0]->local_address(); }

std::string Server::resp_address() const {
    return listeners_.size() < 2 ? std::string() : listeners_[1]->local_address();
}

void Server::close_listeners() {
    if (stopped_ || listeners_.empty()) return;
    std::promise<void> closed;
    boost::asio::post(threads_[0]->context(), [&] {
        for (const auto& listener : listeners_) listener->close();
        closed.set_value();
    });
    closed.get_future().wait();
}

bool Server::drain() {
    if (stopped_) return true;
    close_listeners();
    const auto deadline = std::chrono::steady_clock::now() +
                          std::chrono::milliseconds(shared_->config.limits.drain_timeout_ms);
    std::vector<std::future<void>> drained;
    for (auto& thread : threads_) drained.push_back(thread->drain());
    bool in_time = true;
    for (auto& each : drained) {
        in_time = each.wait_until(deadline) == std::future_status::ready && in_time;
    }
    stop_threads();
    return in_time;
}

void Server::stop_threads() {
    if (stopped_) return;
    stopped_ = true;
    for (auto& thread : threads_) thread->stop();
    if (shared_ == nullptr) return;
    shared_->pool.stop();  // its threads may still be on their way out of a network thread's queue
    shared_->snapshots.clear();
}

}  // namespace kv::server
