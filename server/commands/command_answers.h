// One command as COMMAND INFO and COMMAND DOCS tell it. Thread rule: pure, but for the reply.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol/resp/reply_writer.h"
#include "server/commands/command.h"

namespace kv::server {

/// Ten items, the last of them its subcommands. Null: there is no such command.
void answer_info(protocol::resp::ReplyWriter& reply, const Command* command);

/// A map: summary, since, group, arguments and subcommands, as far as there are any.
void answer_docs(protocol::resp::ReplyWriter& reply, const Command& command);

}  // namespace kv::server
