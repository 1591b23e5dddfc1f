// DataContext: what a command that reads or writes keys works with. It runs on a network thread, in
// the read pool or in the middle of a commit, so it touches nothing else: no session, no socket.
// Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kv/keyspace.h"
#include "protocol/resp/reply_writer.h"
#include "protocol/resp/request_parser.h"
#include "server/commands/key_view.h"

namespace kv::server {

struct SharedState;

struct DataContext {
    const protocol::resp::Args& args;  ///< The first is the command's name.
    KeyView& view;
    Keyspace space;  ///< The database that the client has selected.
    protocol::resp::ReplyWriter& reply;
    SharedState& shared;  ///< What of it is safe from any thread.

    size_t size() const { return args.size(); }
    Bytes arg(size_t i) const { return args[i]; }
    uint64_t now_ms() const { return view.now_ms(); }

    Result<std::optional<Entry>> get(Bytes key) const { return view.get(space, key); }
    void put(Bytes key, Bytes value, uint64_t expiry_ms = 0) const {
        view.put(space, key, value, expiry_ms);
    }
    void del(Bytes key) const { view.del(space, key); }
};

/// Answers once, in `context.reply`, and returns ok: "no" and "wrong" are answers too. An error is
/// only what the store said (hand it on), or that the answer has become too large: whatever was
/// answered is dropped and the client gets that error's text. All that may fail comes before the
/// first mutation.
using DataHandler = Status (*)(DataContext& context);

}  // namespace kv::server
