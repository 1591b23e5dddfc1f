// SessionHost: what a WireSession can ask of its surroundings: the connection around it, or a test.
// Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kv/db.h"
#include "server/read_pool.h"

namespace kv::server {

class SessionHost {
  public:
    virtual ~SessionHost() = default;
    /// Takes part in the next Db::submit of this thread. The result comes to on_written().
    virtual void submit(std::unique_ptr<WriteRequest> request) = 0;
    /// False, and the task comes back in place, when the read pool is full. The pool calls run(),
    /// and finish() happens on this thread.
    virtual bool post(std::unique_ptr<PoolTask>& task) = 0;
    /// A write or a task came back: see to the connection soon.
    virtual void progressed() = 0;
    /// The client has been let in.
    virtual void hello_finished() = 0;
};

}  // namespace kv::server
