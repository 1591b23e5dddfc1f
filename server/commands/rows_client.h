// Rows of the table of commands: subcommands of CLIENT. Everything in
// them that a client can ask for is as Redis 7.0 says it.
// For command_table.cc alone. Thread rule: constants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "server/commands/command.h"
#include "server/commands/control_handlers.h"

namespace kv::server::rows {

using namespace command_flag;

inline constexpr std::array kClient{
    Command{"client|getname", 2, kNoScript | kLoading | kStale, 0, 0, 0, "connection", "2.6.9",
            "Get the current connection name", "", nullptr, cmd_client_getname},
    Command{"client|help", 2, kLoading | kStale, 0, 0, 0, "connection", "5.0.0",
            "Show helpful text about the different subcommands", "", nullptr, cmd_client_help},
    Command{"client|id", 2, kNoScript | kLoading | kStale, 0, 0, 0, "connection", "5.0.0",
            "Returns the client ID for the current connection", "", nullptr, cmd_client_id},
    Command{"client|info", 2, kNoScript | kLoading | kStale, 0, 0, 0, "connection", "6.2.0",
            "Returns information about the current client connection.", "", nullptr,
            cmd_client_info},
    Command{"client|kill", -3, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "connection",
            "2.4.0", "Kill the connection of a client",
            "[ip:port] [ID client-id] [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [USER username] "
            "[ADDR ip:port] [LADDR ip:port] [SKIPME yes/no]",
            nullptr, cmd_client_kill},
    Command{"client|list", -2, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "connection",
            "2.4.0", "Get the list of client connections",
            "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]", nullptr,
            cmd_client_list},
    Command{"client|no-evict", 3, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "connection",
            "7.0.0", "Set client eviction mode for the current connection", "<ON | OFF>", nullptr,
            cmd_client_no_evict},
    Command{"client|no-touch", 3, kNoScript | kLoading | kStale, 0, 0, 0, "connection", "7.2.0",
            "Set whether the commands of the current client count as accesses of their keys",
            "<ON | OFF>", nullptr, cmd_client_no_touch},
    Command{"client|pause", -3, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "connection",
            "2.9.50", "Stop processing commands from clients for some time",
            "timeout [WRITE | ALL]", nullptr, cmd_client_pause},
    Command{"client|reply", 3, kNoScript | kLoading | kStale, 0, 0, 0, "connection", "3.2.0",
            "Instruct the server whether to reply to commands", "<ON | OFF | SKIP>", nullptr,
            cmd_client_reply},
    Command{"client|setinfo", 4, kNoScript | kLoading | kStale, 0, 0, 0, "connection", "7.2.0",
            "Set information specific to the client or connection",
            "<LIB-NAME libname | LIB-VER libver>", nullptr, cmd_client_setinfo},
    Command{"client|setname", 3, kNoScript | kLoading | kStale, 0, 0, 0, "connection", "2.6.9",
            "Set the current connection name", "connection-name", nullptr, cmd_client_setname},
    Command{"client|unpause", 2, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "connection",
            "6.2.0", "Resume processing of clients that were paused", "", nullptr,
            cmd_client_unpause},
};

}  // namespace kv::server::rows
