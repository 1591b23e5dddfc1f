// StopTarget: whom a client's request to stop the daemon reaches.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace kv::server {

class StopTarget {
  public:
    virtual ~StopTarget() = default;
    /// Has the daemon stop cleanly and returns at once. Again, or while it stops: nothing.
    /// Any thread.
    virtual void request_stop() = 0;
};

}  // namespace kv::server
