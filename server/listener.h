// Listener: one listening socket. Accepts and hands each connection to the network thread that has
// the fewest.
// Thread rule: open() and local_address() before start(); everything after on the thread of the
// context given.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kv/status.h"
#include "server/bound_socket.h"
#include "server/network_thread.h"

namespace kv::server {

class Listener {
  public:
    Listener(SharedState& shared, WireProtocol protocol, boost::asio::io_context& context,
             const std::vector<std::unique_ptr<NetworkThread>>& threads);

    /// Listens. kIoError names the address and the reason, such as "in use".
    Status open(BoundSocket socket);
    /// "ADDR:PORT" with the port that was given by the system where 0 was asked for.
    const std::string& local_address() const { return local_address_; }

    void start() { accept(); }
    /// No connection is accepted after this returns.
    void close();

  private:
    void accept();
    void on_accept(NetworkThread& thread, boost::asio::ip::tcp::socket socket);
    NetworkThread& least_busy() const;

    SharedState& shared_;
    const WireProtocol protocol_;
    const std::vector<std::unique_ptr<NetworkThread>>& threads_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    std::string local_address_;
};

}  // namespace kv::server
