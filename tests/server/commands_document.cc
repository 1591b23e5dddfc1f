// See commands_document.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands_document.h"

#include <array>

#include "server/commands/command.h"

namespace kv::server {
namespace {

struct Group {
    std::string_view name;
    std::string_view title;
};
constexpr std::array kGroups{
    Group{"string", "Strings"},
    Group{"generic", "Keys"},
    Group{"transactions", "Transactions"},
    Group{"pubsub", "Messages"},
    Group{"connection", "Connection"},
    Group{"server", "Server"},
    Group{"scripting", "Functions"},
    Group{"kvd", "kvd's own"},
};

/// "client|list" and "key [GT | LT]" as a cell of a table.
std::string usage_of(const Command& command) {
    std::string text;
    for (const char c : command.name) {
        if (c == '|') {
            text += ' ';
        } else {
            text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        }
    }
    if (!command.syntax.empty()) text += ' ';
    for (const char c : command.syntax) {
        if (c == '|') text += '\\';
        text += c;
    }
    return "`" + text + "`";
}

bool is_bare_container(const Command& command) {
    return command.data == nullptr && command.control == nullptr &&
           !subcommands_of(command.name).empty();
}

void add_row(const Command& command, std::string& text) {
    if (is_bare_container(command)) return;
    std::string summary(command.summary);
    if (summary.ends_with('.')) summary.pop_back();
    text += "| " + usage_of(command) + " | " + summary + " |\n";
}

}  // namespace

std::string commands_section() {
    std::string text;
    for (const Group& group : kGroups) {
        text += "\n### " + std::string(group.title) + "\n\n| command | what it does |\n|---|---|\n";
        for (const Command& command : all_commands()) {
            if (command.group != group.name) continue;
            add_row(command, text);
            for (const Command& part : subcommands_of(command.name)) add_row(part, text);
        }
    }
    return text + "\n";
}

}  // namespace kv::server
