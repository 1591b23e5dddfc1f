// BoundSocket: a TCP socket that holds its address but does not listen yet. kvd takes its addresses
// before it opens the store, whose recovery may take minutes, so that a port in use is known at
// once; until it is ready to serve, clients are refused by the system.
// Thread rule: a plain value, one owner.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <utility>

#include "config/config.h"
#include "config/parse_value.h"
#include "kv/result.h"

namespace kv::server {

class BoundSocket {
  public:
    /// kIoError names the address and the reason, such as "in use".
    static Result<BoundSocket> open(const config::ListenAddress& address);
    ~BoundSocket();
    BoundSocket(BoundSocket&& other) noexcept
        : protocol_(other.protocol_),
          fd_(std::exchange(other.fd_, -1)),
          address_(std::move(other.address_)) {}
    BoundSocket& operator=(BoundSocket&&) = delete;

    /// "ADDR:PORT" with the port that was given by the system where 0 was asked for.
    const std::string& address() const { return address_; }
    boost::asio::ip::tcp protocol() const { return protocol_; }
    /// The descriptor, which is the caller's from here on.
    int release() { return std::exchange(fd_, -1); }

  private:
    BoundSocket(boost::asio::ip::tcp protocol, int fd) : protocol_(protocol), fd_(fd) {}

    boost::asio::ip::tcp protocol_;
    int fd_;
    std::string address_;
};

/// What a failed call on the socket of `address` says, with advice where the port is in use.
Status listen_error(const char* call, const std::string& address,
                    const boost::system::error_code& error);

/// The addresses of every listener that is on.
struct BoundSockets {
    /// As BoundSocket::open.
    static Result<BoundSockets> open(const config::Config& config);

    BoundSocket native;
    std::optional<BoundSocket> resp;
};

}  // namespace kv::server
