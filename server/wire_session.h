// WireSession: the protocol side of one connection, without a socket. Bytes come in, answers go
// into a ReplyQueue, and effects (writes, reads that need the disk) go out through SessionHost; so
// every rule of a protocol is tested without a network. The native protocol's is session.h, RESP's
// is resp/resp_session.h; the shell around either is connection.h. Thread rule: the connection's
// network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kv/db.h"
#include "protocol/receive_buffer.h"
#include "server/reply_queue.h"
#include "server/session_host.h"

namespace kv::server {

class ClientHandle;

/// What a listener speaks.
enum class WireProtocol : uint8_t { kNative, kResp };

class WireSession {
  public:
    virtual ~WireSession() = default;

    // Events. Each may add answers and change what the getters below say.
    /// Once, before any other.
    virtual void on_start() {}
    /// Works off the complete requests in `input` as far as the limits allow.
    virtual void on_input(protocol::ReceiveBuffer& input, uint64_t now_us) = 0;
    /// The peer sends no more: finish what is outstanding, then end.
    virtual void on_end_of_input(uint64_t now_us) = 0;
    virtual void on_written(std::unique_ptr<WriteRequest> request, uint64_t now_us) = 0;
    /// Answers have left.
    virtual void on_replies_sent(uint64_t now_us) = 0;
    /// Coarse timer: time limits.
    virtual void on_tick(uint64_t now_us) = 0;
    /// Others have left mail for client().
    virtual void on_mail(uint64_t /*now_us*/) {}
    /// The server is stopping: refuse what is new, end when nothing is left.
    virtual void on_drain(uint64_t now_us) = 0;
    /// There is no room in the network memory for the request that is arriving.
    virtual void on_no_memory(uint64_t now_us) = 0;
    /// The connection is gone: drop everything that can be dropped.
    virtual void close() = 0;

    // For the shell.
    enum class End : uint8_t {
        kOpen,
        kAfterReplies,  ///< Nothing more will be said: send what is queued, then close.
        kNow,           ///< The peer does not deserve to wait for.
    };
    virtual End end() const = 0;
    virtual bool wants_input() const = 0;
    /// Wants none for as long as somebody else decides: the peer's end would not be noticed.
    virtual bool is_paused() const { return false; }
    virtual ReplyQueue& replies() = 0;
    /// Requests that the engine or the pool still holds: the session must outlive them.
    virtual size_t in_flight() const = 0;
    /// How long the unread input must become before on_input() can do more.
    virtual size_t needed_bytes() const = 0;
    /// What it holds besides the receive buffer and the replies.
    virtual size_t held_bytes() const = 0;
    /// Whether SessionHost::hello_finished was called.
    virtual bool hello_done() const = 0;
    /// Whether nothing is answered before the writes in flight are.
    virtual bool answers_in_order() const { return false; }
    /// How others see and reach it; null for sessions without mail.
    virtual ClientHandle* client() { return nullptr; }
};

}  // namespace kv::server
