// Server: the network side of the daemon as one object: threads, listener, connections, read pool.
// Thread rule: start, drain and destruction on one thread; the rest happens inside.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "kv/clock.h"
#include "kv/db.h"
#include "kv/result.h"
#include "server/bound_socket.h"
#include "server/wire_session.h"

namespace kv::server {

class Listener;
class NetworkThread;
struct SharedState;

class Server {
  public:
    /// Listens at `sockets` and serves `db`, which must stay until drain() has returned; `config`
    /// and `clock` must outlive the server. The clock must be the store's own, as deadlines are
    /// handed on. kIoError: cannot listen. Else as KeyspaceCatalog::open.
    ///
    /// Destroy a store with threads of its own between drain() and the server: one of them may
    /// still be on its way out of the callback that brought the last answer.
    static Result<std::unique_ptr<Server>> start(const config::Config& config, BoundSockets sockets,
                                                 Db& db, Clock& clock = system_clock());
    /// The same at the addresses of `config`.
    static Result<std::unique_ptr<Server>> start(const config::Config& config, Db& db,
                                                 Clock& clock = system_clock());
    /// Stops at once when drain() was not called.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// "ADDR:PORT" of the native listener.
    const std::string& native_address() const;
    /// Of the Redis listener; empty when it is off.
    std::string resp_address() const;
    size_t network_threads() const { return threads_.size(); }
    /// How many a server with this configuration has.
    static size_t network_threads_of(const config::Config& config);

    /// Stops accepting, says GOAWAY, waits until outstanding requests are answered, at most
    /// limits.drain_timeout, then closes what is left. True: everything was answered in time.
    bool drain();

    SharedState& shared() { return *shared_; }

  private:
    Server();
    Status listen(WireProtocol protocol, BoundSocket socket);
    void close_listeners();
    void stop_threads();

    std::unique_ptr<SharedState> shared_;
    std::vector<std::unique_ptr<NetworkThread>> threads_;
    std::vector<std::unique_ptr<Listener>> listeners_;  // the native one first
    bool stopped_ = false;
};

}  // namespace kv::server
