// Socket: one TCP connection as a file descriptor, and how to get it within a time limit.
//
// Plain POSIX sockets rather than Asio: the client needs one connection, one thread and poll(),
// which is less code, compiles in a tenth of the time and asks nothing of programs that link it.
// Thread rule: send and receive may be called from different threads at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kv/bytes.h"
#include "kv/result.h"

namespace kv::client {

inline constexpr uint16_t kDefaultPort = 7480;

struct Address {
    std::string host;
    uint16_t port = kDefaultPort;
};

/// HOST, HOST:PORT, [IPV6] or [IPV6]:PORT. kInvalidArgument says what is wrong with it.
Result<Address> parse_address(std::string_view text);

/// Microseconds on a clock that never goes back.
uint64_t now_us();

/// How long a wait may take.
struct Patience {
    uint64_t deadline_us = 0;  ///< On the clock of now_us().
    int given_up_fd = -1;      ///< Readable once whoever waits has given up; -1: nobody will.
};

class Socket {
  public:
    Socket() = default;
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket() { close(); }
    Socket(Socket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    Socket& operator=(Socket&& other) noexcept;

    int fd() const { return fd_; }
    void close();
    /// Ends both directions; a thread in poll() on this socket wakes up.
    void shutdown();

    /// Sends what the kernel takes now: bytes sent, 0 when it takes nothing. kUnavailable: gone.
    Result<size_t> send_some(Bytes bytes);
    /// Receives what is there: bytes received, 0 when nothing is. kUnavailable: closed or gone.
    Result<size_t> receive_some(char* out, size_t capacity);
    /// Waits for `events` (poll's). False when time ran out; kCancelled: given up.
    Result<bool> wait(short events, const Patience& patience);
    Result<bool> wait(short events, uint64_t deadline_us) {
        return wait(events, Patience{deadline_us});
    }

  private:
    int fd_ = -1;
};

/// Connects to the first of the host's addresses that answers; non-blocking, TCP_NODELAY and
/// keepalive set. Each address may take its share of the time that is left. kUnavailable: refused,
/// unreachable or unknown host. kDeadline, kCancelled.
Result<Socket> connect_socket(const Address& address, const Patience& patience);

}  // namespace kv::client
