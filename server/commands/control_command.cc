// COMMAND: the table of commands as clients ask for it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "server/commands/command_answers.h"
#include "server/commands/command_table.h"
#include "server/commands/command_traits.h"
#include "server/commands/control_handlers.h"
#include "server/commands/control_words.h"
#include "server/commands/glob.h"

namespace kv::server {
namespace {

/// Names of commands and, behind all of them, of subcommands.
class NameList {
  public:
    template <class Accept>
    void add_all(Accept accept) {
        for (size_t i = 0; i < command_count(); ++i) {
            const Command& command = command_at(i);
            if (accept(command)) names_.push_back(command.name);
        }
    }
    void answer(ControlContext& context) const {
        context.reply.array(names_.size());
        for (const std::string_view name : names_) context.reply.bulk(name);
    }

  private:
    std::vector<std::string_view> names_;
};

bool is_in_category(const Command& command, std::string_view category) {
    const auto categories = categories_of(command);
    return std::any_of(categories.begin(), categories.end(),
                       [&](std::string_view each) { return each.substr(1) == category; });
}

/// The command that a client asks about by its words from the third on.
const Command* asked_about(const protocol::resp::Args& words) {
    const Command* command = find_command(words[0]);
    if (command == nullptr || words.size() < 2) return command;
    if (subcommands_of(command->name).empty()) return command;
    return find_subcommand(*command, words[1]);
}

/// The same when `words` have keys; null: an error was answered.
const Command* asked_for_keys(ControlContext& context, const protocol::resp::Args& words) {
    const Command* command = asked_about(words);
    if (command == nullptr) {
        context.reply.error("ERR Invalid command specified");
    } else if (command->first_key == 0) {
        context.reply.error("ERR The command has no key arguments");
    } else if (!command->takes(words.size())) {
        context.reply.error("ERR Invalid number of arguments specified for command");
    } else {
        return command;
    }
    return nullptr;
}

using Flags = std::vector<std::string_view>;

/// Whether the words are a SET that looks at what was there: it has GET among its options then.
bool is_reading_set(const protocol::resp::Args& words) {
    const auto options = words.begin() + std::min<std::ptrdiff_t>(3, std::ssize(words));
    return std::any_of(options, words.end(), [](Bytes word) { return word_is(word, "get"); });
}

/// What a call does with its keys, one after another; the last is for all that follow, too.
std::vector<Flags> flags_of_keys(const Command& command, const protocol::resp::Args& words) {
    if (command.name == "set" && !is_reading_set(words)) return {{"OW", "update"}};
    std::vector<Flags> sets = key_flags_of(command);
    for (Flags& flags : sets) std::erase(flags, "variable_flags");  // of this call they are known
    return sets;
}

}  // namespace

void cmd_command(ControlContext& context) {
    context.reply.array(all_commands().size());
    for (const Command& command : all_commands()) answer_info(context.reply, &command);
}

void cmd_command_count(ControlContext& context) {
    context.reply.integer(static_cast<int64_t>(all_commands().size()));
}

void cmd_command_info(ControlContext& context) {
    if (context.size() == 2) return cmd_command(context);
    context.reply.array(context.size() - 2);
    for (size_t i = 2; i < context.size(); ++i) {
        answer_info(context.reply, find_by_full_name(context.arg(i)));
        if (has_outgrown(context)) return;
    }
}

void cmd_command_docs(ControlContext& context) {
    CommandList found;
    if (context.size() == 2) {
        for (const Command& command : all_commands()) found.add(command);
    }
    for (size_t i = 2; i < context.size(); ++i) {
        const Command* command = find_by_full_name(context.arg(i));
        if (command != nullptr) found.add(*command);
    }
    context.reply.map(found.all().size());
    for (const Command* command : found.all()) {
        context.reply.bulk(command->name);
        answer_docs(context.reply, *command);
    }
}

void cmd_command_list(ControlContext& context) {
    NameList list;
    if (context.size() == 2) {
        list.add_all([](const Command&) { return true; });
        return list.answer(context);
    }
    if (context.size() != 5 || !word_is(context.arg(2), "filterby")) {
        return context.reply.error(kSyntaxError);
    }
    if (!takes_matched(context, 4, "filter")) return;
    const std::string value = lower_case(context.arg(4));
    if (word_is(context.arg(3), "aclcat")) {
        list.add_all([&](const Command& command) { return is_in_category(command, value); });
    } else if (word_is(context.arg(3), "pattern")) {
        list.add_all(
            [&](const Command& command) { return glob_matches(value, command.name, true); });
    } else if (!word_is(context.arg(3), "module")) {  // there are no modules
        return context.reply.error(kSyntaxError);
    }
    list.answer(context);
}

void cmd_command_getkeys(ControlContext& context) {
    const protocol::resp::Args words(context.args.begin() + 2, context.args.end());
    const Command* const command = asked_for_keys(context, words);
    if (command == nullptr) return;
    const std::vector<Bytes> keys = keys_of(*command, words);
    context.reply.array(keys.size());
    for (const Bytes key : keys) context.reply.bulk(key);
}

void cmd_command_getkeysandflags(ControlContext& context) {
    const protocol::resp::Args words(context.args.begin() + 2, context.args.end());
    const Command* const command = asked_for_keys(context, words);
    if (command == nullptr) return;
    const std::vector<Bytes> keys = keys_of(*command, words);
    const std::vector<Flags> sets = flags_of_keys(*command, words);
    context.reply.array(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
        const Flags& flags = sets[std::min(i, sets.size() - 1)];
        context.reply.array(2);
        context.reply.bulk(keys[i]);
        context.reply.set(flags.size());
        for (const std::string_view flag : flags) context.reply.simple(flag);
    }
}

}  // namespace kv::server
