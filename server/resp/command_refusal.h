// Why a command is not run at all, in the words of Redis, whose clients look at them.
// Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/commands/command.h"

namespace kv::server {

// Each with its code, without the leading "-".
std::string unknown_command(const protocol::resp::Args& args);
std::string unknown_subcommand(const Command& parent, Bytes name);
std::string wrong_arity(const Command& command);
std::string not_while_subscribed(const Command& command);

/// Whether a first word is the start of an HTTP request: a browser has been talked into sending
/// commands to a server behind the firewall.
bool is_http(Bytes word);

}  // namespace kv::server
