// Wire: the requests of one run, encoded once in the protocol that was chosen, and the connections
// that send copies of them.
// Thread rule: open() on any thread, one at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "bench/traffic/workload.h"
#include "bench/wire/server_connection.h"

namespace kv::bench {

class Wire {
  public:
    virtual ~Wire() = default;

    /// `workload` must outlive the wire, and the wire its connections.
    static std::unique_ptr<Wire> make(const Workload& workload);

    /// Connects and makes sure that the server speaks the protocol and knows every operation of the
    /// mix, within kConnectUs. kUnsupported says what it lacks; kUnavailable, kDeadline.
    virtual Result<std::unique_ptr<ServerConnection>> open() const = 0;
};

}  // namespace kv::bench
