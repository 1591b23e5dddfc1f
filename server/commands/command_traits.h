// What COMMAND INFO tells about a command besides its row: categories, how it uses its keys, and
// tips for clients of a cluster, as Redis 7.0 tells them. Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "server/commands/command.h"

namespace kv::server {

/// "write", "fast", ...: the flags that clients are told, in Redis's order.
std::vector<std::string_view> flag_names(const Command& command);
/// "@write", "@string", ...: in Redis's order.
std::vector<std::string_view> categories_of(const Command& command);
/// "nondeterministic_output", ...
std::vector<std::string_view> tips_of(const Command& command);
/// One list of flags ("RW", "access", ...) a set of keys: all keys of most commands are one set,
/// the source and the target of RENAME are two.
std::vector<std::vector<std::string_view>> key_flags_of(const Command& command);

}  // namespace kv::server
