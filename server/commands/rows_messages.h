// Rows of the table of commands: messages, transactions and functions. Everything in
// them that a client can ask for is as Redis 7.0 says it.
// For command_table.cc alone. Thread rule: constants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "server/commands/command.h"
#include "server/commands/control_handlers.h"

namespace kv::server::rows {

using namespace command_flag;

inline constexpr std::array kMessages{
    Command{"discard", 1, kNoScript | kLoading | kStale | kFast | kNotQueued, 0, 0, 0,
            "transactions", "2.0.0", "Discard all commands issued after MULTI", "", nullptr,
            nullptr},
    Command{"exec", 1, kNoScript | kLoading | kStale | kSkipSlowlog | kNotQueued, 0, 0, 0,
            "transactions", "1.2.0", "Execute all commands issued after MULTI", "", nullptr,
            nullptr},
    Command{"function", -2, 0, 0, 0, 0, "scripting", "7.0.0", "A container for function commands",
            "", nullptr, nullptr},
    Command{"function|flush", -2, kWrite | kNoScript, 0, 0, 0, "scripting", "7.0.0",
            "Deleting all functions", "[ASYNC | SYNC]", nullptr, cmd_function_flush},
    Command{"function|help", 2, kLoading | kStale, 0, 0, 0, "scripting", "7.0.0",
            "Show helpful text about the different subcommands", "", nullptr, cmd_function_help},
    Command{"function|list", -2, kNoScript, 0, 0, 0, "scripting", "7.0.0",
            "List information about all the functions",
            "[LIBRARYNAME library-name-pattern] [WITHCODE]", nullptr, cmd_function_list},
    Command{"multi", 1, kNoScript | kLoading | kStale | kFast | kNotQueued, 0, 0, 0, "transactions",
            "1.2.0", "Mark the start of a transaction block", "", nullptr, nullptr},
    Command{"psubscribe", -2, kPubsub | kNoScript | kLoading | kStale | kWhileSubscribed, 0, 0, 0,
            "pubsub", "2.0.0",
            "Listen for messages published to channels matching the given patterns",
            "pattern [pattern ...]", nullptr, cmd_psubscribe},
    Command{"publish", 3, kPubsub | kLoading | kStale | kFast, 0, 0, 0, "pubsub", "2.0.0",
            "Post a message to a channel", "channel message", nullptr, cmd_publish},
    Command{"pubsub", -2, 0, 0, 0, 0, "pubsub", "2.8.0", "A container for Pub/Sub commands", "",
            nullptr, nullptr},
    Command{"pubsub|channels", -2, kPubsub | kLoading | kStale, 0, 0, 0, "pubsub", "2.8.0",
            "List active channels", "[pattern]", nullptr, cmd_pubsub_channels},
    Command{"pubsub|help", 2, kLoading | kStale, 0, 0, 0, "pubsub", "6.2.0",
            "Show helpful text about the different subcommands", "", nullptr, cmd_pubsub_help},
    Command{"pubsub|numpat", 2, kPubsub | kLoading | kStale, 0, 0, 0, "pubsub", "2.8.0",
            "Get the count of unique patterns pattern subscriptions", "", nullptr,
            cmd_pubsub_numpat},
    Command{"pubsub|numsub", -2, kPubsub | kLoading | kStale, 0, 0, 0, "pubsub", "2.8.0",
            "Get the count of subscribers for channels", "[channel [channel ...]]", nullptr,
            cmd_pubsub_numsub},
    Command{"pubsub|shardchannels", -2, kPubsub | kLoading | kStale, 0, 0, 0, "pubsub", "7.0.0",
            "List active shard channels", "[pattern]", nullptr, cmd_pubsub_shardchannels},
    Command{"pubsub|shardnumsub", -2, kPubsub | kLoading | kStale, 0, 0, 0, "pubsub", "7.0.0",
            "Get the count of subscribers for shard channels", "[shardchannel [shardchannel ...]]",
            nullptr, cmd_pubsub_shardnumsub},
    Command{"punsubscribe", -1, kPubsub | kNoScript | kLoading | kStale | kWhileSubscribed, 0, 0, 0,
            "pubsub", "2.0.0",
            "Stop listening for messages posted to channels matching the given patterns",
            "[pattern [pattern ...]]", nullptr, cmd_punsubscribe},
    Command{"subscribe", -2, kPubsub | kNoScript | kLoading | kStale | kWhileSubscribed, 0, 0, 0,
            "pubsub", "2.0.0", "Listen for messages published to the given channels",
            "channel [channel ...]", nullptr, cmd_subscribe},
    Command{"unsubscribe", -1, kPubsub | kNoScript | kLoading | kStale | kWhileSubscribed, 0, 0, 0,
            "pubsub", "2.0.0", "Stop listening for messages posted to the given channels",
            "[channel [channel ...]]", nullptr, cmd_unsubscribe},
    Command{"unwatch", 1, kNoScript | kLoading | kStale | kFast, 0, 0, 0, "transactions", "2.2.0",
            "Forget about all watched keys", "", nullptr, nullptr},
    Command{"watch", -2, kNoScript | kLoading | kStale | kFast | kNotQueued, 1, -1, 1,
            "transactions", "2.2.0",
            "Watch the given keys to determine execution of the MULTI/EXEC block", "key [key ...]",
            nullptr, nullptr},
};

}  // namespace kv::server::rows
