// Rows of the table of commands: subcommands about the server. Everything in
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

inline constexpr std::array kServerParts{
    Command{"command|count", 2, kLoading | kStale, 0, 0, 0, "server", "2.8.13",
            "Get total number of Redis commands", "", nullptr, cmd_command_count},
    Command{"command|docs", -2, kLoading | kStale, 0, 0, 0, "server", "7.0.0",
            "Get array of specific Redis command documentation",
            "[command-name [command-name ...]]", nullptr, cmd_command_docs},
    Command{"command|getkeys", -4, kLoading | kStale, 0, 0, 0, "server", "2.8.13",
            "Extract keys given a full Redis command", "command-name [arg [arg ...]]", nullptr,
            cmd_command_getkeys},
    Command{"command|getkeysandflags", -4, kLoading | kStale, 0, 0, 0, "server", "7.0.0",
            "Extract keys and access flags given a full Redis command",
            "command-name [arg [arg ...]]", nullptr, cmd_command_getkeysandflags},
    Command{"command|help", 2, kLoading | kStale, 0, 0, 0, "server", "5.0.0",
            "Show helpful text about the different subcommands", "", nullptr, cmd_command_help},
    Command{"command|info", -2, kLoading | kStale, 0, 0, 0, "server", "2.8.13",
            "Get array of specific Redis command details, or all when no argument is given.",
            "[command-name [command-name ...]]", nullptr, cmd_command_info},
    Command{"command|list", -2, kLoading | kStale, 0, 0, 0, "server", "7.0.0",
            "Get an array of Redis command names",
            "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]", nullptr,
            cmd_command_list},
    Command{"config|get", -3, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "server", "2.0.0",
            "Get the values of configuration parameters", "parameter [parameter ...]", nullptr,
            cmd_config_get},
    Command{"config|help", 2, kLoading | kStale, 0, 0, 0, "server", "5.0.0",
            "Show helpful text about the different subcommands", "", nullptr, cmd_config_help},
    Command{"config|resetstat", 2, kAdmin | kNoScript | kLoading | kStale | kStoreReport, 0, 0, 0,
            "server", "2.0.0", "Reset the stats returned by INFO", "", nullptr,
            cmd_config_resetstat},
    Command{"config|rewrite", 2, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "server", "2.8.0",
            "Rewrite the configuration file with the in memory configuration", "", nullptr,
            cmd_config_rewrite},
    Command{"config|set", -4, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "server", "2.0.0",
            "Set configuration parameters to the given values",
            "parameter value [parameter value ...]", nullptr, cmd_config_set},
    Command{"latency|doctor", 2, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "server",
            "2.8.13", "Return a human readable latency analysis report.", "", nullptr,
            cmd_latency_doctor},
    Command{"latency|graph", 3, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "server", "2.8.13",
            "Return a latency graph for the event.", "event", nullptr, cmd_latency_graph},
    Command{"latency|help", 2, kLoading | kStale, 0, 0, 0, "server", "2.8.13",
            "Show helpful text about the different subcommands.", "", nullptr, cmd_latency_help},
    Command{"latency|histogram", -2, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "server",
            "7.0.0",
            "Return the cumulative distribution of latencies of a subset of commands or all.",
            "[command [command ...]]", nullptr, cmd_latency_histogram},
    Command{"latency|history", 3, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "server",
            "2.8.13", "Return timestamp-latency samples for the event.", "event", nullptr,
            cmd_latency_history},
    Command{"latency|latest", 2, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "server",
            "2.8.13", "Return the latest latency samples for all events.", "", nullptr,
            cmd_latency_latest},
    Command{"latency|reset", -2, kAdmin | kNoScript | kLoading | kStale, 0, 0, 0, "server",
            "2.8.13", "Reset latency data for one or more events.", "[event [event ...]]", nullptr,
            cmd_latency_reset},
    Command{"memory|doctor", 2, kStoreReport, 0, 0, 0, "server", "4.0.0",
            "Outputs memory problems report", "", nullptr, cmd_memory_doctor},
    Command{"memory|help", 2, kLoading | kStale, 0, 0, 0, "server", "4.0.0",
            "Show helpful text about the different subcommands", "", nullptr, cmd_memory_help},
    Command{"memory|malloc-stats", 2, kAllocatorReport, 0, 0, 0, "server", "4.0.0",
            "Show allocator internal stats", "", nullptr, cmd_memory_malloc_stats},
    Command{"memory|purge", 2, kTrimsMemory, 0, 0, 0, "server", "4.0.0",
            "Ask the allocator to release memory", "", nullptr, cmd_memory_purge},
    Command{"memory|stats", 2, kStoreReport, 0, 0, 0, "server", "4.0.0",
            "Show memory usage details", "", nullptr, cmd_memory_stats},
    Command{"memory|usage", -3, kReadOnly, 2, 2, 1, "server", "4.0.0",
            "Estimate the memory usage of a key", "key [SAMPLES count]", cmd_memory_usage, nullptr},
    Command{"slowlog|get", -2, kAdmin | kLoading | kStale, 0, 0, 0, "server", "2.2.12",
            "Get the slow log's entries", "[count]", nullptr, cmd_slowlog_get},
    Command{"slowlog|help", 2, kLoading | kStale, 0, 0, 0, "server", "6.2.0",
            "Show helpful text about the different subcommands", "", nullptr, cmd_slowlog_help},
    Command{"slowlog|len", 2, kAdmin | kLoading | kStale, 0, 0, 0, "server", "2.2.12",
            "Get the slow log's length", "", nullptr, cmd_slowlog_len},
    Command{"slowlog|reset", 2, kAdmin | kLoading | kStale, 0, 0, 0, "server", "2.2.12",
            "Clear all entries from the slow log", "", nullptr, cmd_slowlog_reset},
};

}  // namespace kv::server::rows
