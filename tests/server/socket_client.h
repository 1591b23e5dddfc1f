// A blocking client over a real socket for tests. Waits at most 20 s for anything.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "config/parse_value.h"
#include "server/wire_client.h"

namespace kv::server {

class SocketClient {
  public:
    /// `receive_bytes` > 0: a small receive buffer, so that the server feels a slow reader soon.
    explicit SocketClient(const std::string& address, int receive_bytes = 0) {
        const auto parsed = config::parse_listen_address(address);
        REQUIRE(parsed.is_ok());
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(fd_ >= 0);
        if (receive_bytes > 0) {
            ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
        }
        const timeval limit{20, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(parsed->port);
        REQUIRE(::inet_pton(AF_INET, parsed->host.c_str(), &to.sin_addr) == 1);
        REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    }
    ~SocketClient() { close(); }
    SocketClient(const SocketClient&) = delete;
    SocketClient& operator=(const SocketClient&) = delete;

    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    void end_of_input() { ::shutdown(fd_, SHUT_WR); }

    /// False once the server has closed or stopped reading for 20 s.
    bool send(Bytes bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
        return true;
    }
    /// The next answer; nullopt when the server closed the connection instead.
    std::optional<Answer> receive() {
        while (true) {
            if (auto answer = stream_.next()) return answer;
            std::array<char, 65536> buffer;
            const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
            if (got < 0) REQUIRE((errno == ECONNRESET || errno == EPIPE));
            if (got <= 0) return std::nullopt;
            stream_.add(Bytes(buffer.data(), static_cast<size_t>(got)));
        }
    }
    Answer ask(Bytes request) {
        REQUIRE(send(request));
        auto answer = receive();
        REQUIRE(answer.has_value());
        return std::move(*answer);
    }
    void greet() { REQUIRE(ask(hello()).ok()); }

  private:
    int fd_ = -1;
    AnswerStream stream_;
};

}  // namespace kv::server
