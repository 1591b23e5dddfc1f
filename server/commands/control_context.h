// ControlContext: what a command about the connection or the server works with, and SessionControl:
// what it may ask of its session. Thread rule: the connection's network thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "kv/types.h"
#include "protocol/resp/reply_writer.h"
#include "protocol/resp/request_parser.h"
#include "server/resp/client_handle.h"

namespace kv::server {

struct SharedState;
struct StoreReport;

/// Which of its answers a client wants (CLIENT REPLY).
enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext };

class SessionControl {
  public:
    virtual ~SessionControl() = default;
    /// Send what is queued, this command's answer included, then close.
    virtual void close_after_reply() = 0;
    /// As after connecting, but for subscriptions: no MULTI, no WATCH, RESP2, database 0, replies
    /// on.
    virtual void reset() = 0;
    /// Sends the messages that others have left so far, ahead of this command's answer. Inside of
    /// EXEC that is ahead of the whole answer. CLIENT REPLY does not concern them.
    virtual void send_messages() = 0;
    virtual void choose_version(protocol::resp::Version version) = 0;
    virtual void select(uint32_t database) = 0;
    virtual void set_reply_mode(ReplyMode mode) = 0;
    virtual void set_durability(Durability level) = 0;
    virtual Durability durability() const = 0;
    /// This command's answer is sent, and more input looked at, no earlier than `until_us`
    /// (monotonic, in the grain of the server's timer). Used by DEBUG SLEEP.
    virtual void hold_until(uint64_t until_us) = 0;
};

struct ControlContext {
    const protocol::resp::Args& args;  ///< The first is the command's name.
    const std::shared_ptr<ClientHandle>& client;
    SessionControl& session;
    SharedState& shared;
    std::string& out;  ///< Where answers go; `reply` writes there.
    protocol::resp::ReplyWriter reply;
    uint64_t now_us = 0;  ///< Monotonic.
    /// What the store says of itself; null unless the command has kStoreReport.
    const StoreReport* report = nullptr;
    /// Where this command's answer begins: EXEC's answer has others before it.
    size_t answer_begin = out.size();

    size_t size() const { return args.size(); }
    Bytes arg(size_t i) const { return args[i]; }
};

}  // namespace kv::server
