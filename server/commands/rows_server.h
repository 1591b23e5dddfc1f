// Rows of the table of commands: the server. Everything in
// them that a client can ask for is as Redis 7.0 says it.
// For command_table.cc alone. Thread rule: constants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "server/commands/command.h"
#include "server/commands/control_handlers.h"
#include "server/commands/data_handlers.h"

namespace kv::server::rows {

using namespace command_flag;

inline constexpr std::array kServer{
    Command{"bgsave", -1, kAdmin | kNoScript, 0, 0, 0, "server", "1.0.0",
            "Asynchronously save the dataset to disk", "[SCHEDULE]", nullptr, cmd_bgsave},
    Command{"command", -1, kLoading | kStale, 0, 0, 0, "server", "2.8.13",
            "Get array of Redis command details", "", nullptr, cmd_command},
    Command{"config", -2, 0, 0, 0, 0, "server", "2.0.0",
            "A container for server configuration commands", "", nullptr, nullptr},
    Command{"dbsize", 1, kReadOnly | kFast | kLong, 0, 0, 0, "server", "1.0.0",
            "Return the number of keys in the selected database", "", cmd_dbsize, nullptr},
    Command{"debug", -2, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "server", "1.0.0",
            "A container for debugging commands", "SLEEP seconds", nullptr, cmd_debug},
    Command{"flushall", -1, kWrite, 0, 0, 0, "server", "1.0.0",
            "Remove all keys from all databases", "[ASYNC | SYNC]", cmd_flushall, nullptr},
    Command{"flushdb", -1, kWrite, 0, 0, 0, "server", "1.0.0",
            "Remove all keys from the current database", "[ASYNC | SYNC]", cmd_flushdb, nullptr},
    Command{"info", -1, kLoading | kStale | kStoreReport, 0, 0, 0, "server", "1.0.0",
            "Get information and statistics about the server", "[section [section ...]]", nullptr,
            cmd_info},
    Command{"lastsave", 1, kLoading | kStale | kFast, 0, 0, 0, "server", "1.0.0",
            "Get the UNIX time stamp of the last successful save to disk", "", nullptr,
            cmd_lastsave},
    Command{"latency", -2, 0, 0, 0, 0, "server", "2.8.13",
            "A container for latency diagnostics commands", "", nullptr, nullptr},
    Command{"memory", -2, 0, 0, 0, 0, "server", "4.0.0",
            "A container for memory diagnostics commands", "", nullptr, nullptr},
    Command{"role", 1, kNoScript | kLoading | kStale | kFast, 0, 0, 0, "server", "2.8.12",
            "Return the role of the instance in the context of replication", "", nullptr, cmd_role},
    Command{"save", 1, kAdmin | kNoScript | kNoMulti, 0, 0, 0, "server", "1.0.0",
            "Synchronously save the dataset to disk", "", nullptr, cmd_save},
    Command{"shutdown", -1, kAdmin | kNoScript | kLoading | kStale | kNoMulti, 0, 0, 0, "server",
            "1.0.0", "Synchronously save the dataset to disk and then shut down the server",
            "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]", nullptr, cmd_shutdown},
    Command{"slowlog", -2, 0, 0, 0, 0, "server", "2.2.12", "A container for slow log commands", "",
            nullptr, nullptr},
    Command{"time", 1, kLoading | kStale | kFast, 0, 0, 0, "server", "2.6.0",
            "Return the current server time", "", nullptr, cmd_time},
};

}  // namespace kv::server::rows
