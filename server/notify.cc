// See notify.h. The protocol is sd_notify(3)'s; the library would be a dependency for 20 lines.
// SPDX-License-Identifier: Apache-2.0
#include "server/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace kv::server {

Status ServiceNotifier::send(std::string_view lines) const {
    if (path_.empty()) return Status::ok();
    sockaddr_un address{};
    if (path_.size() >= sizeof address.sun_path || (path_[0] != '/' && path_[0] != '@')) {
        return Status::invalid_argument("NOTIFY_SOCKET '" + path_ + "' is not a usable address");
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    if (path_[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());

    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return Status::io_error(std::string("socket: ") + std::strerror(errno));
    const ssize_t sent = sendto(fd, lines.data(), lines.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), length);
    const int error = errno;
    close(fd);
    if (sent < 0) {
        return Status::io_error("NOTIFY_SOCKET " + path_ + ": " + std::strerror(error));
    }
    return Status::ok();
}

}  // namespace kv::server
