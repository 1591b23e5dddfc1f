// See listener.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace kv::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using Verdict = ConnectionCensus::Verdict;

// After running out of descriptors: trying again at once would only spin.
constexpr auto kPauseAfterError = std::chrono::milliseconds(100);
constexpr uint64_t kKeepaliveProbes = 5;

void set_keepalive(tcp::socket& socket, uint64_t keepalive_ms) {
    if (keepalive_ms == 0) return;
    const int fd = socket.native_handle();
    const int on = 1;
    const int idle_s = static_cast<int>(std::max<uint64_t>(1, keepalive_ms / 1000));
    const int interval_s = std::max(1, idle_s / static_cast<int>(kKeepaliveProbes));
    // Best effort: without it a dead peer is only noticed later.
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
}

/// For the log: which limit it was.
std::string refusal_of(Verdict verdict, const config::Limits& limits) {
    const std::string all = ", all " + std::to_string(limits.connections) +
                            " connections of limits.connections are taken";
    switch (verdict) {
        case Verdict::kAdmit:
            break;
        case Verdict::kRefuse:
            return ": refused" + all;
        case Verdict::kDrop:
            return ": closed without a word" + all + " and " +
                   std::to_string(ConnectionCensus::kPoliteRefusals) + " more are being refused";
        case Verdict::kDropUngreeted:
            return ": closed without a word, its address has " +
                   std::to_string(limits.hello_connections_per_address) +
                   " connections that have not finished HELLO, which is "
                   "limits.hello_connections_per_address";
    }
    return {};
}

}  // namespace

Listener::Listener(SharedState& shared, WireProtocol protocol, asio::io_context& context,
                   const std::vector<std::unique_ptr<NetworkThread>>& threads)
    : shared_(shared),
      protocol_(protocol),
      threads_(threads),
      acceptor_(context),
      pause_(context) {}

Status Listener::open(BoundSocket socket) {
    local_address_ = socket.address();
    error_code error;
    const int fd = socket.release();
    if (acceptor_.assign(socket.protocol(), fd, error); error) {
        (void)::close(fd);
        return listen_error("assign", local_address_, error);
    }
    // Another process may have bound the address meanwhile, and the first to listen has it.
    if (acceptor_.listen(tcp::acceptor::max_listen_connections, error); error) {
        return listen_error("listen", local_address_, error);
    }
    return Status::ok();
}

NetworkThread& Listener::least_busy() const {
    return **std::min_element(threads_.begin(), threads_.end(), [](const auto& a, const auto& b) {
        return a->connection_count() < b->connection_count();
    });
}

void Listener::accept() {
    NetworkThread& thread = least_busy();
    acceptor_.async_accept(thread.context(),
                           [this, &thread](const error_code& error, tcp::socket socket) {
                               if (!acceptor_.is_open()) return;
                               if (!error) {
                                   on_accept(thread, std::move(socket));
                                   return accept();
                               }
                               shared_.report(Incident::kAccept, "accept: " + error.message());
                               pause_.expires_after(kPauseAfterError);
                               pause_.async_wait([this](const error_code& cancelled) {
                                   if (!cancelled && acceptor_.is_open()) accept();
                               });
                           });
}

void Listener::on_accept(NetworkThread& thread, tcp::socket socket) {
    error_code error;
    const tcp::endpoint remote = socket.remote_endpoint(error);
    if (error) return;  // gone before it was here
    const std::string address = remote.address().to_string();
    const std::string peer = config::format_address(address, remote.port());
    const Verdict verdict = shared_.census.arrived(address);
    if (verdict != Verdict::kAdmit) {
        // Thread 0 accepts, so its counters are this thread's.
        shared_.counters[0].add(Counter::kLimitConnections);
        shared_.report(Incident::kConnectionLimit,
                       peer + refusal_of(verdict, shared_.config.limits));
    }
    if (verdict != Verdict::kAdmit && verdict != Verdict::kRefuse) return;
    socket.non_blocking(true, error);
    socket.set_option(tcp::no_delay(true), error);
    set_keepalive(socket, shared_.config.limits.keepalive_ms);
    thread.adopt(
        {std::move(socket), address, peer, local_address_, verdict == Verdict::kRefuse, protocol_});
}

void Listener::close() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

}  // namespace kv::server
