// Rows of the table of commands: what kvd has and Redis lacks. `since` is kvd's version.
// For command_table.cc alone. Thread rule: constants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "server/commands/command.h"
#include "server/commands/control_handlers.h"
#include "server/commands/data_handlers.h"

namespace kv::server::rows {

using namespace command_flag;

inline constexpr std::array kOwn{
    Command{"kv.delprefix", 2, kWrite, 0, 0, 0, "kvd", "0.1.0",
            "Delete every key that begins with a prefix, in constant time", "prefix",
            cmd_kv_delprefix, nullptr},
    Command{"kv.delrange", 3, kWrite, 0, 0, 0, "kvd", "0.1.0",
            "Delete every key from start to before end, in constant time", "start end",
            cmd_kv_delrange, nullptr},
    Command{"kv.durability", -1, kFast, 0, 0, 0, "kvd", "0.1.0",
            "Get or set the durability at which writes of this connection are answered",
            "[MEMORY | OS | DISK]", nullptr, cmd_kv_durability},
    Command{"kv.explain", 2, kReadOnly | kNoMulti | kLong, 1, 1, 1, "kvd", "0.1.0",
            "Tell how the store looks a key up", "key", cmd_kv_explain, nullptr},
    Command{"kv.range", -3, kReadOnly | kLong, 0, 0, 0, "kvd", "0.1.0",
            "Get the keys from start to before end and their values, in the order of keys",
            "start end [LIMIT count] [KEYSONLY]", cmd_kv_range, nullptr},
    Command{"kv.revrange", -3, kReadOnly | kLong, 0, 0, 0, "kvd", "0.1.0",
            "Get the keys from start to before end and their values, from the last to the first",
            "start end [LIMIT count] [KEYSONLY]", cmd_kv_revrange, nullptr},
};

}  // namespace kv::server::rows
