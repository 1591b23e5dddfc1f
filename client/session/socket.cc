// TCP with POSIX calls: address parsing, connecting within a time limit, non-blocking transfer.
// SPDX-License-Identifier: Apache-2.0
#include "session/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <cstring>
#include <utility>

#include "session/resolve.h"

namespace kv::client {

namespace {

// After this long without an acknowledgement from the peer's kernel the connection counts as lost.
constexpr int kUnacknowledgedLimitMs = 30'000;

Status unavailable(const std::string& what, int error) {
    return {Code::kUnavailable, what + ": " + std::strerror(error)};
}

void set_option(int fd, int level, int name, int value) {
    // Tuning only: a socket without it still works.
    (void)::setsockopt(fd, level, name, &value, sizeof value);
}

std::string to_text(const Address& address) {
    const bool ipv6 = address.host.find(':') != std::string::npos;
    return (ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Status finish_connect(Socket& socket, const std::string& peer, const Patience& patience) {
    auto ready = socket.wait(POLLOUT, patience);
    if (!ready.is_ok()) return ready.error().with_context("connecting to " + peer);
    if (!*ready) return {Code::kDeadline, "connecting to " + peer + ": no answer in time"};
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return unavailable("connecting to " + peer, error);
    return Status::ok();
}

Result<Socket> connect_one(const addrinfo& info, const std::string& peer,
                           const Patience& patience) {
    Socket socket(::socket(info.ai_family, info.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                           info.ai_protocol));
    if (socket.fd() < 0) return unavailable("making a socket for " + peer, errno);
    set_option(socket.fd(), IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket.fd(), SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedLimitMs);
    if (::connect(socket.fd(), info.ai_addr, info.ai_addrlen) != 0) {
        if (errno != EINPROGRESS) return unavailable("connecting to " + peer, errno);
        KV_RETURN_IF_ERROR(finish_connect(socket, peer, patience));
    }
    return socket;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
    const auto bad = [&](const char* why) {
        return Status::invalid_argument("address '" + std::string(text) + "': " + why +
                                        "; expected HOST:PORT");
    };
    Address address;
    std::string_view rest = text;
    if (rest.starts_with('[')) {
        const size_t end = rest.find(']');
        if (end == std::string_view::npos) return bad("the bracket is not closed");
        address.host = rest.substr(1, end - 1);
        rest.remove_prefix(end + 1);
    } else {
        address.host = rest.substr(0, rest.find(':'));
        rest.remove_prefix(address.host.size());
    }
    if (address.host.empty()) return bad("no host");
    if (rest.empty()) return address;
    if (rest.front() != ':') return bad("unexpected text after the host");
    rest.remove_prefix(1);
    const auto [stop, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), address.port);
    if (error != std::errc() || stop != rest.data() + rest.size() || address.port == 0) {
        return bad("the port must be a number from 1 to 65535");
    }
    return address;
}

uint64_t now_us() {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
}

Socket& Socket::operator=(Socket&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

void Socket::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void Socket::shutdown() { ::shutdown(fd_, SHUT_RDWR); }

Result<size_t> Socket::send_some(Bytes bytes) {
    while (true) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return static_cast<size_t>(sent);
        if (errno == EAGAIN || errno == EWOULDBLOCK) return size_t{0};
        if (errno != EINTR) return unavailable("sending to the server", errno);
    }
}

Result<size_t> Socket::receive_some(char* out, size_t capacity) {
    while (true) {
        const ssize_t got = ::recv(fd_, out, capacity, MSG_DONTWAIT);
        if (got > 0) return static_cast<size_t>(got);
        if (got == 0) return Status(Code::kUnavailable, "the server closed the connection");
        if (errno == EAGAIN || errno == EWOULDBLOCK) return size_t{0};
        if (errno != EINTR) return unavailable("receiving from the server", errno);
    }
}

Result<bool> Socket::wait(short events, const Patience& patience) {
    while (true) {
        const uint64_t now = now_us();
        const uint64_t left_ms =
            patience.deadline_us > now ? (patience.deadline_us - now + 999) / 1000 : 0;
        pollfd entries[2] = {{fd_, events, 0}, {patience.given_up_fd, POLLIN, 0}};
        const int ready = ::poll(entries, patience.given_up_fd < 0 ? 1 : 2,
                                 static_cast<int>(std::min<uint64_t>(left_ms, INT_MAX)));
        if (ready < 0 && errno != EINTR) return unavailable("waiting for the server", errno);
        if (ready > 0 && entries[1].revents != 0) return Status(Code::kCancelled, "cancelled");
        if (ready > 0) return true;
        if (ready == 0 && now_us() >= patience.deadline_us) return false;
    }
}

Result<Socket> connect_socket(const Address& address, const Patience& patience) {
    KV_ASSIGN_OR_RETURN(const AddressList list, resolve(address, patience));
    size_t left = 0;
    for (const addrinfo* info = list.get(); info != nullptr; info = info->ai_next) ++left;
    Status last(Code::kUnavailable, "host '" + address.host + "' has no address");
    for (const addrinfo* info = list.get(); info != nullptr; info = info->ai_next, --left) {
        // One that drops what is sent to it must not take the time of those behind it.
        const uint64_t now = now_us();
        const uint64_t left_us = patience.deadline_us > now ? patience.deadline_us - now : 0;
        const Patience share{now + left_us / left, patience.given_up_fd};
        auto socket = connect_one(*info, to_text(address), share);
        if (socket.is_ok() || socket.error().is(Code::kCancelled)) return socket;
        last = socket.error();
    }
    return last;
}

}  // namespace kv::client
