// Rows of the table of commands: the connection. Everything in
// them that a client can ask for is as Redis 7.0 says it.
// For command_table.cc alone. Thread rule: constants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "server/commands/command.h"
#include "server/commands/control_handlers.h"

namespace kv::server::rows {

using namespace command_flag;

inline constexpr std::array kConnection{
    Command{"auth", -2, kNoScript | kLoading | kStale | kFast | kNoAuth, 0, 0, 0, "connection",
            "1.0.0", "Authenticate to the server", "[username] password", nullptr, cmd_auth},
    Command{"client", -2, 0, 0, 0, 0, "connection", "2.4.0",
            "A container for client connection commands", "", nullptr, nullptr},
    Command{"echo", 2, kLoading | kStale | kFast, 0, 0, 0, "connection", "1.0.0",
            "Echo the given string", "message", nullptr, cmd_echo},
    Command{"hello", -1, kNoScript | kLoading | kStale | kFast | kNoAuth, 0, 0, 0, "connection",
            "6.0.0", "Handshake with Redis",
            "[protover [AUTH username password] [SETNAME clientname]]", nullptr, cmd_hello},
    Command{"ping", -1, kFast | kWhileSubscribed, 0, 0, 0, "connection", "1.0.0", "Ping the server",
            "[message]", nullptr, cmd_ping},
    Command{"quit", -1,
            kNoScript | kLoading | kStale | kFast | kNoAuth | kNotQueued | kWhileSubscribed, 0, 0,
            0, "connection", "1.0.0", "Close the connection", "", nullptr, cmd_quit},
    Command{"reset", 1,
            kNoScript | kLoading | kStale | kFast | kNoAuth | kNotQueued | kWhileSubscribed, 0, 0,
            0, "connection", "6.2.0", "Reset the connection", "", nullptr, cmd_reset},
    Command{"select", 2, kLoading | kStale | kFast, 0, 0, 0, "connection", "1.0.0",
            "Change the selected database for the current connection", "index", nullptr,
            cmd_select},
};

}  // namespace kv::server::rows
