// See command_refusal.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/command_refusal.h"

#include <algorithm>

namespace kv::server {
namespace {

// Redis quotes at most so much of what it was sent.
constexpr size_t kMostQuoted = 128;

/// As C's "%.Ns" prints it: up to the first NUL.
Bytes quoted(Bytes word, size_t most = kMostQuoted) {
    return word.substr(0, std::min(most, word.find('\0')));
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

bool equals_lower(Bytes word, std::string_view expected) {
    return word.size() == expected.size() &&
           std::equal(word.begin(), word.end(), expected.begin(),
                      [](char a, char b) { return lower(a) == b; });
}

}  // namespace

std::string unknown_command(const protocol::resp::Args& args) {
    std::string begin;
    for (size_t i = 1; i < args.size() && begin.size() < kMostQuoted; ++i) {
        begin += "'" + std::string(quoted(args[i], kMostQuoted - begin.size())) + "' ";
    }
    return "ERR unknown command '" + std::string(quoted(args.front())) +
           "', with args beginning with: " + begin;
}

std::string unknown_subcommand(const Command& parent, Bytes name) {
    return "ERR unknown subcommand '" + std::string(quoted(name)) + "'. Try " + upper(parent.name) +
           " HELP.";
}

std::string wrong_arity(const Command& command) {
    return "ERR wrong number of arguments for '" + std::string(command.name) + "' command";
}

std::string not_while_subscribed(const Command& command) {
    return "ERR Can't execute '" + std::string(command.name) +
           "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
           "context";
}

bool is_http(Bytes word) { return equals_lower(word, "post") || equals_lower(word, "host:"); }

}  // namespace kv::server
