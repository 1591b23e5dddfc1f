// Greeting: what a HELLO asks for, and what is wrong with it. HELLO itself does what it says; a
// transaction looks ahead in which version the answers behind a queued HELLO are.
// Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "kv/bytes.h"
#include "protocol/resp/args.h"
#include "protocol/resp/reply_writer.h"

namespace kv::server {

struct Greeting {
    std::string error;          ///< With its code; empty: HELLO succeeds.
    std::optional<Bytes> name;  ///< Of SETNAME; is set also when a later word is wrong.
    /// Nothing without a version, and when there is an error: the version stays.
    std::optional<protocol::resp::Version> version;
};

Greeting read_greeting(const protocol::resp::Args& args);

}  // namespace kv::server
