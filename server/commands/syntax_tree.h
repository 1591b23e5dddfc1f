// The syntax of a command, taken apart: from "key [EX seconds | PERSIST]" to the arguments that
// COMMAND DOCS tells and redis-cli shows as one types.
//
//   word        a value, such as `key`; its type follows from its name
//   WORD        a token; WORD word is a value behind a token
//   [a]         optional;  [a | b]  one of them, or none;  <a | b>  one of them
//   a [a ...]   a, any number of times; with more words in the brackets all of them repeat
// Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/command.h"

namespace kv::server {

struct Argument {
    enum class Kind : uint8_t { kValue, kToken, kOneOf, kBlock };
    Kind kind = Kind::kValue;
    std::string name;
    std::string_view token;  ///< Empty: none.
    bool optional = false;
    bool multiple = false;
    std::vector<Argument> parts;  ///< Of kOneOf and kBlock.
};

/// Requires a syntax of the table: one that does not parse ends the process.
std::vector<Argument> parse_syntax(std::string_view syntax);

/// "key", "integer", "pure-token", "oneof", ...: what COMMAND DOCS calls it.
std::string_view type_of(const Argument& argument);

}  // namespace kv::server
