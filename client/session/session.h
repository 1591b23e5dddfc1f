// Session: a client's standing wish to be connected. It opens a connection when there is none that
// takes calls, keeps drained ones until their last answer, and turns calls into frames.
// Thread rule: every method may be called from any thread; call() not from a sink.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "kv/client.h"
#include "protocol/messages.h"
#include "session/connection.h"
#include "session/message_bytes.h"

namespace kv::client {

/// One request before it has an id: opcode, frame and time limit.
struct Request {
    protocol::Opcode opcode;
    std::string frame;
    uint64_t deadline_us;
    Status error{};  ///< Not ok: there can be no such request, and `frame` is empty.
};

class Session {
  public:
    explicit Session(ClientOptions options) : options_(std::move(options)) {}
    ~Session() { close(); }
    /// Ends every call and joins the reader threads; no connection is made any more. Called by the
    /// client's end, because the last owner of the session may be a sink on a reader thread.
    void close();

    const ClientOptions& options() const { return options_; }

    /// A connection that takes calls, made if need be. Errors as Client::connect; kCancelled also
    /// after cancel_all().
    Result<std::shared_ptr<Connection>> connection(uint64_t deadline_us,
                                                   const std::stop_token& stop = {});

    /// `timeout_ms` 0 means the client's own.
    template <class Message>
    Request request(protocol::Opcode opcode, const Message& message, uint32_t timeout_ms,
                    Durability durability = Durability::kDisk) const {
        if (timeout_ms == 0) timeout_ms = options_.operation_timeout_ms;
        Request request{opcode, {}, now_us() + uint64_t{timeout_ms} * 1000};
        request.error = check_message_bytes(message_bytes(message));
        if (!request.error.is_ok()) return request;
        protocol::append_frame(
            request.frame,
            protocol::request_header(opcode, 0, timeout_ms,
                                     static_cast<protocol::Durability>(durability)),
            message);
        return request;
    }

    /// Sends and waits: the body of the good answer.
    Result<std::string> call(Request request);
    /// As call(), decoded by `decode_into`: a Response whose views point into `body`.
    template <class Response>
    Status call(Request request, std::string& body, Response& response) {
        KV_ASSIGN_OR_RETURN(body, call(std::move(request)));
        return protocol::decode(body, response).with_context("answer of the server");
    }
    /// Sends; `sink` learns of every outcome, possibly before this returns.
    void submit(Request request, std::shared_ptr<CallSink> sink);

    /// The connection that takes calls, null when there is none now.
    std::shared_ptr<Connection> current() const;
    /// Ends every call that waits, for an answer or to be connected.
    void cancel_all();
    /// How often that was asked for: calls that were waiting at a change of this number ended
    /// because of it.
    uint64_t cancellations() const;
    ServerInfo server_info() const;

  private:
    using Connections = std::vector<std::shared_ptr<Connection>>;

    /// Says to whoever connects that nobody waits for it any more.
    class Withdrawal;

    // Moves the current connection aside if it takes no calls. Returns those that have ended, to be
    // destroyed without mutex_. Requires mutex_.
    Connections retire();

    // Set once.
    const ClientOptions options_;

    mutable std::mutex mutex_;
    std::condition_variable connected_;
    // Guarded by mutex_.
    std::shared_ptr<Connection> current_;
    Connections retired_;
    std::shared_ptr<Withdrawal> connecting_;  // null: nobody is
    uint64_t cancellations_ = 0;              // calls of cancel_all()
    bool closed_ = false;
    ServerInfo server_info_;
};

}  // namespace kv::client
