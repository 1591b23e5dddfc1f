// See command_answers.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/command_answers.h"

#include "server/commands/command_traits.h"
#include "server/commands/syntax_tree.h"

namespace kv::server {
namespace {

using protocol::resp::ReplyWriter;

void answer_set(ReplyWriter& reply, const std::vector<std::string_view>& items, bool bulk = false) {
    reply.set(items.size());
    for (const std::string_view item : items) bulk ? reply.bulk(item) : reply.simple(item);
}

/// Where one set of keys is: from word `first` on; `last` counts from there, or from the end of
/// the words when negative.
void answer_key_set(ReplyWriter& reply, const std::vector<std::string_view>& flags, int first,
                    int last, int step) {
    reply.map(3);
    reply.bulk("flags");
    answer_set(reply, flags);
    reply.bulk("begin_search");
    reply.map(2);
    reply.bulk("type");
    reply.bulk("index");
    reply.bulk("spec");
    reply.map(1);
    reply.bulk("index");
    reply.integer(first);
    reply.bulk("find_keys");
    reply.map(2);
    reply.bulk("type");
    reply.bulk("range");
    reply.bulk("spec");
    reply.map(3);
    reply.bulk("lastkey");
    reply.integer(last);
    reply.bulk("keystep");
    reply.integer(step);
    reply.bulk("limit");
    reply.integer(0);
}

void answer_keys(ReplyWriter& reply, const Command& command) {
    const auto sets = key_flags_of(command);
    reply.set(sets.size());
    if (sets.size() == 1) {
        const int last =
            command.last_key < 0 ? command.last_key : command.last_key - command.first_key;
        answer_key_set(reply, sets[0], command.first_key, last, command.key_step);
        return;
    }
    // Several sets are one key each, one behind the other.
    for (size_t i = 0; i < sets.size(); ++i) {
        answer_key_set(reply, sets[i], command.first_key + static_cast<int>(i), 0, 1);
    }
}

void answer_argument(ReplyWriter& reply, const Argument& argument) {
    const std::string_view type = type_of(argument);
    const bool flags = argument.optional || argument.multiple;
    const bool key = type == "key";
    reply.map(2U + (key ? 1U : 0U) + (argument.token.empty() ? 0U : 1U) + (flags ? 1U : 0U) +
              (argument.parts.empty() ? 0U : 1U));
    reply.bulk("name");
    reply.bulk(argument.name);
    reply.bulk("type");
    reply.bulk(type);
    if (key) {
        reply.bulk("key_spec_index");
        reply.integer(argument.name == "newkey" || argument.name == "destination" ? 1 : 0);
    }
    if (!argument.token.empty()) {
        reply.bulk("token");
        reply.bulk(argument.token);
    }
    if (flags) {
        reply.bulk("flags");
        std::vector<std::string_view> names;
        if (argument.optional) names.push_back("optional");
        if (argument.multiple) names.push_back("multiple");
        answer_set(reply, names);
    }
    if (!argument.parts.empty()) {
        reply.bulk("arguments");
        reply.array(argument.parts.size());
        for (const Argument& part : argument.parts) answer_argument(reply, part);
    }
}

}  // namespace

void answer_info(ReplyWriter& reply, const Command* command) {
    if (command == nullptr) return reply.null();
    reply.array(10);
    reply.bulk(command->name);
    reply.integer(command->arity);
    answer_set(reply, flag_names(*command));
    reply.integer(command->first_key);
    reply.integer(command->last_key);
    reply.integer(command->key_step);
    answer_set(reply, categories_of(*command));
    answer_set(reply, tips_of(*command), true);
    answer_keys(reply, *command);
    const auto parts = subcommands_of(command->name);
    reply.set(parts.size());
    for (const Command& part : parts) answer_info(reply, &part);
}

void answer_docs(ReplyWriter& reply, const Command& command) {
    const std::vector<Argument> arguments = parse_syntax(command.syntax);
    const auto parts = subcommands_of(command.name);
    reply.map(3U + (arguments.empty() ? 0U : 1U) + (parts.empty() ? 0U : 1U));
    reply.bulk("summary");
    reply.bulk(command.summary);
    reply.bulk("since");
    reply.bulk(command.since);
    reply.bulk("group");
    reply.bulk(command.group);
    if (!arguments.empty()) {
        reply.bulk("arguments");
        reply.array(arguments.size());
        for (const Argument& argument : arguments) answer_argument(reply, argument);
    }
    if (parts.empty()) return;
    reply.bulk("subcommands");
    reply.map(parts.size());
    for (const Command& part : parts) {
        reply.bulk(part.name);
        answer_docs(reply, part);
    }
}

}  // namespace kv::server
