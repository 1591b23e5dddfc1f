// See bound_socket.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/bound_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <cerrno>

namespace kv::server {

using boost::asio::ip::tcp;
using boost::system::error_code;

Status listen_error(const char* call, const std::string& address, const error_code& error) {
    const bool in_use = error == boost::asio::error::address_in_use;
    return Status::io_error(std::string(call) + " " + address + ": " + error.message() +
                            (in_use ? "; is another kvd running?" : ""));
}

BoundSocket::~BoundSocket() {
    if (fd_ >= 0) (void)close(fd_);
}

Result<BoundSocket> BoundSocket::open(const config::ListenAddress& address) {
    const std::string text = config::format_address(address.host, address.port);
    const auto failed = [&](const char* call) {
        return listen_error(call, text, error_code(errno, boost::system::system_category()));
    };
    error_code error;
    const auto ip = boost::asio::ip::make_address(address.host, error);
    if (error) return listen_error("address", text, error);
    tcp::endpoint endpoint(ip, address.port);
    const int fd = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed("socket");
    BoundSocket bound(endpoint.protocol(), fd);
    const int on = 1;
    if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        return failed("SO_REUSEADDR");
    }
    if (::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
        return failed("bind");
    }
    auto size = static_cast<socklen_t>(endpoint.capacity());
    if (::getsockname(fd, endpoint.data(), &size) != 0) return failed("getsockname");
    endpoint.resize(size);
    bound.address_ = config::format_address(endpoint.address().to_string(), endpoint.port());
    return bound;
}

Result<BoundSockets> BoundSockets::open(const config::Config& config) {
    KV_ASSIGN_OR_RETURN(const auto native, config::parse_listen_address(config.listen));
    KV_ASSIGN_OR_RETURN(BoundSocket native_socket, BoundSocket::open(native));
    BoundSockets sockets{std::move(native_socket), std::nullopt};
    if (config.resp_listen == "off") return sockets;
    KV_ASSIGN_OR_RETURN(const auto resp, config::parse_listen_address(config.resp_listen));
    KV_ASSIGN_OR_RETURN(BoundSocket resp_socket, BoundSocket::open(resp));
    sockets.resp.emplace(std::move(resp_socket));
    return sockets;
}

}  // namespace kv::server
