// kv::Client: a program's way to a kvd server.
//
// All threads of a program may share one Client: their requests travel over one connection,
// pipelined, and answers may overtake each other. A lost connection is made anew by the next call;
// no request is ever sent twice by itself. Nothing here throws.
// Thread rule: every method may be called from any thread; callbacks run on the client's reader
// thread, must not block and must not call a synchronous method.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "kv/client_batch.h"
#include "kv/client_scan.h"
#include "kv/client_types.h"
#include "kv/result.h"

namespace kv {

struct ClientOptions {
    std::string address = "127.0.0.1:7480";  ///< HOST:PORT, [IPV6]:PORT or HOST.
    uint32_t connect_timeout_ms = 5000;      ///< Resolve, connect and handshake together.
    /// For every call that names none. Also sent along, so that the server does not start what
    /// nobody waits for.
    uint32_t operation_timeout_ms = 5000;
    std::string client_name = "kv_client";                      ///< Shown in the server's logs.
    client::Durability durability = client::Durability::kDisk;  ///< For writes that name none.
    /// What all keys of this client are in; empty: the server's default keyspace.
    std::string keyspace;
    /// Make it when the server has none of that name; also when connecting again after a drop.
    bool create_keyspace = false;
};

/// Errors of every call, besides the server's own (each with the server's message):
/// kUnavailable: no connection, or it was lost before the request left; surely not applied.
/// kInDoubt: a write whose connection was lost, or whose time ran out, after it left: it may or may
/// not be applied. kDeadline: a read's time ran out, or a write's before it left; not applied.
class Client {
  public:
    using WriteCallback = std::function<void(Result<client::WriteReceipt>)>;
    using GetCallback = std::function<void(Result<std::optional<client::Entry>>)>;

    /// Connects and shakes hands. kInvalidArgument: the address does not parse. kUnavailable: not
    /// reachable. kDeadline: connect_timeout_ms passed. kUnsupported: no common protocol version,
    /// or a keyspace is wanted and the server is too old for that. kNotFound: no such keyspace.
    /// kCancelled: `stop` was requested meanwhile, by another thread.
    static Result<std::unique_ptr<Client>> connect(const ClientOptions& options,
                                                   const std::stop_token& stop = {});
    /// Requests still outstanding end: writes that left with kInDoubt, all others with
    /// kUnavailable. Scans and snapshots must be gone. Not from a callback.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// nullopt when the key has no live entry.
    Result<std::optional<client::Entry>> get(Bytes key, const client::ReadOptions& options = {});
    /// One answer a key, in the order asked, all from one state of the store.
    Result<std::vector<std::optional<client::Entry>>> multi_get(
        const std::vector<Bytes>& keys, const client::ReadOptions& options = {});

    Result<client::WriteReceipt> put(Bytes key, Bytes value,
                                     const client::PutOptions& options = {});
    Result<client::WriteReceipt> del(Bytes key, const client::WriteOptions& options = {});
    /// Deletes all keys of `range`, atomically, in a time that does not depend on how many there
    /// are. A range without any bound is everything in the keyspace. kUnsupported: the server is
    /// too old for it.
    Result<client::WriteReceipt> delete_range(const client::KeyRange& range,
                                              const client::WriteOptions& options = {});
    /// Adds `by` to the integer at `key` (missing: 0) and returns the sum. kInvalidArgument when
    /// the value is no integer or the sum does not fit.
    Result<int64_t> increment(Bytes key, int64_t by = 1, const client::WriteOptions& options = {});
    /// Stores `value` if the key now has exactly the value `expected` (nullopt: no live entry),
    /// otherwise kConflict.
    Result<client::WriteReceipt> compare_and_set(Bytes key, std::optional<Bytes> expected,
                                                 Bytes value,
                                                 const client::PutOptions& options = {});
    /// All of `batch` or nothing. kConflict: a precondition failed; detail() is the seqno that beat
    /// it.
    Result<client::WriteReceipt> write(const client::Batch& batch,
                                       const client::WriteOptions& options = {});

    /// Prepares a scan, which starts with its first next(); errors appear in Scan::status().
    client::Scan scan(const client::ScanOptions& options = {});
    /// Entries in the range: estimated, or counted one by one when `exact`.
    Result<client::Count> count(const client::KeyRange& range, bool exact = false,
                                const client::ReadOptions& options = {});
    /// `lease_ms` 0: the server's own.
    Result<std::unique_ptr<client::Snapshot>> snapshot(uint32_t lease_ms = 0);

    /// Is the write with this seqno on stable storage?
    Result<client::DurableState> status(uint64_t seqno);
    /// Only names that start with `prefix`, when there is one.
    Result<client::Stats> stats(Bytes prefix = {});
    /// Does a get and tells how: memtables and tables asked, filters, blocks, time. Lines for a
    /// person; they may change with any version. kUnsupported: the server is too old for it.
    Result<std::string> explain_get(Bytes key, const client::ReadOptions& options = {});
    /// The same of a walk forward over `limit` entries of `range`; 0: the server's own number.
    Result<std::string> explain_scan(const client::KeyRange& range, uint64_t limit = 0,
                                     const client::ReadOptions& options = {});
    /// A copy of everything in the store, as of now, in DATA_DIR/checkpoints/`name` on the server's
    /// machine, while writes go on. kInvalidArgument: `name` is none, or taken. kOverloaded:
    /// another one is being made. kDeadline: it may yet be finished. kUnsupported: the server is
    /// too old for it. `timeout_ms` 0: ClientOptions::operation_timeout_ms.
    Result<client::CheckpointInfo> checkpoint(Bytes name, uint32_t timeout_ms = 0);
    /// The server's keyspaces, by id; only names that start with `prefix`, when there is one.
    Result<std::vector<client::KeyspaceInfo>> keyspaces(Bytes prefix = {});
    /// Durably, and whatever keyspace this client is in. False: it was there before.
    Result<bool> create_keyspace(Bytes name);
    /// With all its keys, durably. False: there is none. Clients that are in it get kNotFound.
    Result<bool> drop_keyspace(Bytes name);
    Status ping();
    /// From the last handshake.
    client::ServerInfo server_info() const;

    /// The asynchronous face: hand over the request and return; `callback` runs exactly once, on
    /// the reader thread, or on this one when there is no connection. See kv/client_pipeline.h for
    /// bounded depth.
    void submit_get(Bytes key, const client::ReadOptions& options, GetCallback callback);
    void submit_write(const client::Batch& batch, const client::WriteOptions& options,
                      WriteCallback callback);

    /// Ends every call that waits now, for its answer or for a connection: writes that left with
    /// kInDoubt, all others with kCancelled. For a Ctrl-C handler's thread, not for the handler
    /// itself.
    void cancel_all();

  private:
    explicit Client(std::shared_ptr<client::Session> session);
    std::shared_ptr<client::Session> session_;
};

}  // namespace kv
