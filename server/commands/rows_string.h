// Rows of the table of commands: strings. Everything in
// them that a client can ask for is as Redis 7.0 says it.
// For command_table.cc alone. Thread rule: constants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "server/commands/command.h"
#include "server/commands/data_handlers.h"

namespace kv::server::rows {

using namespace command_flag;

inline constexpr std::array kString{
    Command{"append", 3, kWrite | kDenyOom | kFast, 1, 1, 1, "string", "2.0.0",
            "Append a value to a key", "key value", cmd_append, nullptr},
    Command{"decr", 2, kWrite | kDenyOom | kFast | kArgumentsOnly, 1, 1, 1, "string", "1.0.0",
            "Decrement the integer value of a key by one", "key", cmd_decr, nullptr},
    Command{"decrby", 3, kWrite | kDenyOom | kFast | kArgumentsOnly, 1, 1, 1, "string", "1.0.0",
            "Decrement the integer value of a key by the given number", "key decrement", cmd_decrby,
            nullptr},
    Command{"get", 2, kReadOnly | kFast | kAnswersValue, 1, 1, 1, "string", "1.0.0",
            "Get the value of a key", "key", cmd_get, nullptr},
    Command{"getdel", 2, kWrite | kFast | kArgumentsOnly | kAnswersValue, 1, 1, 1, "string",
            "6.2.0", "Get the value of a key and delete the key", "key", cmd_getdel, nullptr},
    Command{"getex", -2, kWrite | kFast | kAnswersValue, 1, 1, 1, "string", "6.2.0",
            "Get the value of a key and optionally set its expiration",
            "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
            "unix-time-milliseconds | PERSIST]",
            cmd_getex, nullptr},
    Command{"getrange", 4, kReadOnly | kAnswersValue, 1, 1, 1, "string", "2.4.0",
            "Get a substring of the string stored at a key", "key start end", cmd_getrange,
            nullptr},
    Command{"getset", 3, kWrite | kDenyOom | kFast | kArgumentsOnly | kAnswersValue, 1, 1, 1,
            "string", "1.0.0", "Set the string value of a key and return its old value",
            "key value", cmd_getset, nullptr},
    Command{"incr", 2, kWrite | kDenyOom | kFast | kArgumentsOnly, 1, 1, 1, "string", "1.0.0",
            "Increment the integer value of a key by one", "key", cmd_incr, nullptr},
    Command{"incrby", 3, kWrite | kDenyOom | kFast | kArgumentsOnly, 1, 1, 1, "string", "1.0.0",
            "Increment the integer value of a key by the given amount", "key increment", cmd_incrby,
            nullptr},
    Command{"incrbyfloat", 3, kWrite | kDenyOom | kFast, 1, 1, 1, "string", "2.6.0",
            "Increment the float value of a key by the given amount", "key increment",
            cmd_incrbyfloat, nullptr},
    Command{"lcs", -3, kReadOnly | kLong, 1, 2, 1, "string", "7.0.0",
            "Find longest common substring",
            "key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]", cmd_lcs, nullptr},
    Command{"mget", -2, kReadOnly | kFast | kAnswersValue, 1, -1, 1, "string", "1.0.0",
            "Get the values of all the given keys", "key [key ...]", cmd_mget, nullptr},
    Command{"mset", -3, kWrite | kDenyOom | kBlind | kArgumentsOnly, 1, -1, 2, "string", "1.0.1",
            "Set multiple keys to multiple values", "key value [key value ...]", cmd_mset, nullptr},
    Command{"msetnx", -3, kWrite | kDenyOom | kArgumentsOnly, 1, -1, 2, "string", "1.0.1",
            "Set multiple keys to multiple values, only if none of the keys exist",
            "key value [key value ...]", cmd_msetnx, nullptr},
    Command{"psetex", 4, kWrite | kDenyOom | kBlind | kArgumentsOnly, 1, 1, 1, "string", "2.6.0",
            "Set the value and expiration in milliseconds of a key", "key milliseconds value",
            cmd_psetex, nullptr},
    Command{"set", -3, kWrite | kDenyOom | kBlind | kArgumentsOnly | kAnswersValue, 1, 1, 1,
            "string", "1.0.0", "Set the string value of a key",
            "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | "
            "PXAT unix-time-milliseconds | KEEPTTL]",
            cmd_set, nullptr},
    Command{"setex", 4, kWrite | kDenyOom | kBlind | kArgumentsOnly, 1, 1, 1, "string", "2.0.0",
            "Set the value and expiration of a key", "key seconds value", cmd_setex, nullptr},
    Command{"setnx", 3, kWrite | kDenyOom | kFast | kArgumentsOnly, 1, 1, 1, "string", "1.0.0",
            "Set the value of a key, only if the key does not exist", "key value", cmd_setnx,
            nullptr},
    Command{"setrange", 4, kWrite | kDenyOom, 1, 1, 1, "string", "2.2.0",
            "Overwrite part of a string at key starting at the specified offset",
            "key offset value", cmd_setrange, nullptr},
    Command{"strlen", 2, kReadOnly | kFast, 1, 1, 1, "string", "2.2.0",
            "Get the length of the value stored in a key", "key", cmd_strlen, nullptr},
    Command{"substr", 4, kReadOnly | kAnswersValue, 1, 1, 1, "string", "1.0.0",
            "Get a substring of the string stored at a key", "key start end", cmd_substr, nullptr},
};

}  // namespace kv::server::rows
