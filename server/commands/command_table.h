// The table of commands by position, for those who count or list them. The rows are in
// rows_*.h; find_command and the rest of its face are in command.h.
// Thread rule: constants and pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "server/commands/command.h"

namespace kv::server {

/// Rows of the table, subcommands included.
size_t command_count();
/// Requires index < command_count().
const Command& command_at(size_t index);
/// Of a row of the table: the reverse of command_at.
size_t command_index(const Command& command);
/// "get" or "client|list", in any case. Null when there is none. Constant time.
const Command* find_by_full_name(std::string_view name);

/// Rows of the table in the order added, each once however often it is named.
class CommandList {
  public:
    void add(const Command& command) {
        if (!has_[command_index(command)]) list_.push_back(&command);
        has_[command_index(command)] = true;
    }
    const std::vector<const Command*>& all() const { return list_; }

  private:
    std::vector<bool> has_ = std::vector<bool>(command_count());
    std::vector<const Command*> list_;
};

/// Of a row of the table. Cheaper than to ask subcommands_of for them.
bool has_subcommands(const Command& command);

}  // namespace kv::server
