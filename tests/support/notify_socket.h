// NotifySocket: where a daemon tells its service manager how it is, as NOTIFY_SOCKET names it.
// Tests wait there for a kvd that they started, instead of looking again and again. Thread rule:
// one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>

namespace kv::test {

class NotifySocket {
  public:
    /// `path` must not exist yet and have at most 107 bytes.
    explicit NotifySocket(const std::string& path)
        : variable_("NOTIFY_SOCKET=" + path), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (fd_ < 0 ||
            ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot listen at " + path);
    }
    ~NotifySocket() { ::close(fd_); }
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;

    /// NAME=VALUE, for the daemon's environment.
    const std::string& variable() const { return variable_; }
    /// True once a message with `text` in it has come; false when process `pid`, a child of this
    /// one, ends before that, or half a minute passes.
    bool wait_for(const std::string& text, pid_t pid) const {
        const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
        bool came = false;
        for (const auto limit = Clock::now() + std::chrono::seconds(30); !came;) {
            std::array<pollfd, 2> either{pollfd{fd_, POLLIN, 0}, pollfd{process, POLLIN, 0}};
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(limit - Clock::now());
            if (left.count() <= 0) break;
            if (::poll(either.data(), either.size(), static_cast<int>(left.count())) <= 0) continue;
            if ((either[0].revents & POLLIN) == 0) break;  // the process has ended
            std::array<char, 4096> message;
            const ssize_t bytes = ::recv(fd_, message.data(), message.size(), 0);
            came =
                bytes > 0 && std::string(message.data(), static_cast<size_t>(bytes)).find(text) !=
                                 std::string::npos;
        }
        ::close(process);
        return came;
    }

  private:
    using Clock = std::chrono::steady_clock;

    const std::string variable_;
    const int fd_;
};

}  // namespace kv::test
