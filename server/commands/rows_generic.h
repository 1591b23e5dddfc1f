// Rows of the table of commands: keys of any type. Everything in
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

inline constexpr std::array kGeneric{
    Command{"copy", -3, kWrite | kDenyOom, 1, 2, 1, "generic", "6.2.0", "Copy a key",
            "source destination [DB destination-db] [REPLACE]", cmd_copy, nullptr},
    Command{"del", -2, kWrite | kArgumentsOnly, 1, -1, 1, "generic", "1.0.0", "Delete a key",
            "key [key ...]", cmd_del, nullptr},
    Command{"exists", -2, kReadOnly | kFast, 1, -1, 1, "generic", "1.0.0",
            "Determine if a key exists", "key [key ...]", cmd_exists, nullptr},
    Command{"expire", -3, kWrite | kFast, 1, 1, 1, "generic", "1.0.0",
            "Set a key's time to live in seconds", "key seconds [NX | XX | GT | LT]", cmd_expire,
            nullptr},
    Command{"expireat", -3, kWrite | kFast, 1, 1, 1, "generic", "1.2.0",
            "Set the expiration for a key as a UNIX timestamp",
            "key unix-time-seconds [NX | XX | GT | LT]", cmd_expireat, nullptr},
    Command{"expiretime", 2, kReadOnly | kFast, 1, 1, 1, "generic", "7.0.0",
            "Get the expiration Unix timestamp for a key", "key", cmd_expiretime, nullptr},
    Command{"keys", 2, kReadOnly | kLong, 0, 0, 0, "generic", "1.0.0",
            "Find all keys matching the given pattern", "pattern", cmd_keys, nullptr},
    Command{"object", -2, 0, 0, 0, 0, "generic", "2.2.3",
            "A container for object introspection commands", "", nullptr, nullptr},
    Command{"object|encoding", 3, kReadOnly, 2, 2, 1, "generic", "2.2.3",
            "Inspect the internal encoding of a Redis object", "key", cmd_object_encoding, nullptr},
    Command{"object|freq", 3, kReadOnly, 2, 2, 1, "generic", "4.0.0",
            "Get the logarithmic access frequency counter of a Redis object", "key",
            cmd_object_freq, nullptr},
    Command{"object|help", 2, kLoading | kStale, 0, 0, 0, "generic", "6.2.0",
            "Show helpful text about the different subcommands", "", cmd_object_help, nullptr},
    Command{"object|idletime", 3, kReadOnly, 2, 2, 1, "generic", "2.2.3",
            "Get the time since a Redis object was last accessed", "key", cmd_object_idletime,
            nullptr},
    Command{"object|refcount", 3, kReadOnly, 2, 2, 1, "generic", "2.2.3",
            "Get the number of references to the value of the key", "key", cmd_object_refcount,
            nullptr},
    Command{"persist", 2, kWrite | kFast, 1, 1, 1, "generic", "2.2.0",
            "Remove the expiration from a key", "key", cmd_persist, nullptr},
    Command{"pexpire", -3, kWrite | kFast, 1, 1, 1, "generic", "2.6.0",
            "Set a key's time to live in milliseconds", "key milliseconds [NX | XX | GT | LT]",
            cmd_pexpire, nullptr},
    Command{"pexpireat", -3, kWrite | kFast, 1, 1, 1, "generic", "2.6.0",
            "Set the expiration for a key as a UNIX timestamp specified in milliseconds",
            "key unix-time-milliseconds [NX | XX | GT | LT]", cmd_pexpireat, nullptr},
    Command{"pexpiretime", 2, kReadOnly | kFast, 1, 1, 1, "generic", "7.0.0",
            "Get the expiration Unix timestamp for a key in milliseconds", "key", cmd_pexpiretime,
            nullptr},
    Command{"pttl", 2, kReadOnly | kFast, 1, 1, 1, "generic", "2.6.0",
            "Get the time to live for a key in milliseconds", "key", cmd_pttl, nullptr},
    Command{"randomkey", 1, kReadOnly | kLong, 0, 0, 0, "generic", "1.0.0",
            "Return a random key from the keyspace", "", cmd_randomkey, nullptr},
    Command{"rename", 3, kWrite, 1, 2, 1, "generic", "1.0.0", "Rename a key", "key newkey",
            cmd_rename, nullptr},
    Command{"renamenx", 3, kWrite | kFast, 1, 2, 1, "generic", "1.0.0",
            "Rename a key, only if the new key does not exist", "key newkey", cmd_renamenx,
            nullptr},
    Command{"scan", -2, kReadOnly | kLong, 0, 0, 0, "generic", "2.8.0",
            "Incrementally iterate the keys space",
            "cursor [MATCH pattern] [COUNT count] [TYPE type]", cmd_scan, nullptr},
    Command{
        "touch", -2, kReadOnly | kFast, 1, -1, 1, "generic", "3.2.1",
        "Alters the last access time of a key(s). Returns the number of existing keys specified.",
        "key [key ...]", cmd_touch, nullptr},
    Command{"ttl", 2, kReadOnly | kFast, 1, 1, 1, "generic", "1.0.0",
            "Get the time to live for a key in seconds", "key", cmd_ttl, nullptr},
    Command{"type", 2, kReadOnly | kFast, 1, 1, 1, "generic", "1.0.0",
            "Determine the type stored at key", "key", cmd_type, nullptr},
    Command{"unlink", -2, kWrite | kFast | kArgumentsOnly, 1, -1, 1, "generic", "4.0.0",
            "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non "
            "blocking.",
            "key [key ...]", cmd_unlink, nullptr},
    Command{"wait", 3, kNoScript, 0, 0, 0, "generic", "3.0.0",
            "Wait for the synchronous replication of all the write commands sent in the context of "
            "the current connection",
            "numreplicas timeout", nullptr, cmd_wait},
    Command{"waitaof", 4, kNoScript, 0, 0, 0, "generic", "7.2.0",
            "Wait for the writes of this connection to reach the log here and on replicas",
            "numlocal numreplicas timeout", nullptr, cmd_waitaof},
};

}  // namespace kv::server::rows
