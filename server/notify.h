// ServiceNotifier: tells systemd how the daemon is doing: a datagram to the socket that
// NOTIFY_SOCKET names. Does nothing where there is none.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "kv/status.h"

namespace kv::server {

class ServiceNotifier {
  public:
    /// `socket_path` as in NOTIFY_SOCKET: a path, or '@' and an abstract name; empty: no one.
    explicit ServiceNotifier(std::string socket_path) : path_(std::move(socket_path)) {}

    /// Sends lines such as "READY=1\nSTATUS=serving". kIoError, for the log only, when it fails:
    /// the daemon goes on either way.
    Status send(std::string_view lines) const;
    bool enabled() const { return !path_.empty(); }

  private:
    std::string path_;
};

}  // namespace kv::server
