// The table of commands: what must hold for every row, and the document made from it.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/command_table.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "server/commands/command_traits.h"
#include "server/commands/syntax_tree.h"
#include "server/commands_document.h"

namespace kv::server {
namespace {

using protocol::resp::Args;

/// The reverse of parse_syntax.
std::string text_of(const std::vector<Argument>& arguments);

std::string text_of(const Argument& argument) {
    using Kind = Argument::Kind;
    std::string text;
    switch (argument.kind) {
        case Kind::kToken:
            text = argument.token;
            break;
        case Kind::kValue:
            text = argument.name;
            break;
        case Kind::kBlock:
            text = text_of(argument.parts);
            break;
        case Kind::kOneOf:
            for (const Argument& part : argument.parts) {
                text += (text.empty() ? "" : " | ") + text_of(part);
            }
            if (!argument.optional || !argument.token.empty()) text = "<" + text + ">";
            break;
    }
    if (argument.multiple) text += " [" + text + " ...]";
    if (argument.kind != Kind::kToken && !argument.token.empty()) {
        text = std::string(argument.token) + " " + text;
    }
    return argument.optional ? "[" + text + "]" : text;
}

std::string text_of(const std::vector<Argument>& arguments) {
    std::string text;
    for (const Argument& argument : arguments) {
        text += (text.empty() ? "" : " ") + text_of(argument);
    }
    return text;
}

/// Calls `look` with every row.
template <class Look>
void each_row(Look look) {
    for (size_t i = 0; i < command_count(); ++i) {
        INFO(command_at(i).name);
        look(command_at(i));
    }
}

std::string joined(const std::vector<Bytes>& words) {
    std::string text;
    for (const Bytes word : words) text += (text.empty() ? "" : " ") + std::string(word);
    return text;
}

}  // namespace

TEST_CASE("command table: is sorted, without a name twice") {
    std::set<std::string_view> names;
    std::string_view last;
    for (const Command& command : all_commands()) {
        CHECK(last < command.name);
        last = command.name;
        CHECK(names.insert(command.name).second);
        std::string_view last_part;
        for (const Command& part : subcommands_of(command.name)) {
            CHECK(last_part < part.name);
            last_part = part.name;
            CHECK(part.name.starts_with(std::string(command.name) + "|"));
            CHECK(names.insert(part.name).second);
        }
    }
    CHECK(names.size() == command_count());
}

TEST_CASE("command table: every row is found by its name in any case, and nothing else is") {
    each_row([](const Command& command) {
        std::string name(command.name);
        CHECK(find_by_full_name(name) == &command);
        for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        CHECK(find_by_full_name(name) == &command);
        CHECK(&command_at(command_index(command)) == &command);
        const size_t bar = name.find('|');
        if (bar == std::string::npos) {
            CHECK(find_command(name) == &command);
        } else {
            CHECK(find_command(name) == nullptr);
            const Command* parent = find_command(name.substr(0, bar));
            REQUIRE(parent != nullptr);
            CHECK(has_subcommands(*parent));
            CHECK(find_subcommand(*parent, name.substr(bar + 1)) == &command);
            CHECK_FALSE(has_subcommands(command));
        }
    });
    for (const std::string& name : {std::string(), std::string("nope"), std::string("get "),
                                    std::string(5000, 'x'), std::string("g\0t", 3)}) {
        CHECK(find_command(name) == nullptr);
        CHECK(find_subcommand(*find_command("client"), name) == nullptr);
    }
    CHECK(find_subcommand(*find_command("get"), "list") == nullptr);
    CHECK(subcommands_of("get").empty());
    CHECK(subcommands_of("nope").empty());
}

TEST_CASE("command table: every row has one handler, subcommands, or belongs to transactions") {
    each_row([](const Command& command) {
        const bool transaction = command.group == "transactions";
        const int handlers =
            (command.data != nullptr ? 1 : 0) + (command.control != nullptr ? 1 : 0);
        const bool container = has_subcommands(command) && command.name != "command";
        CHECK(handlers == (transaction || container ? 0 : 1));
    });
}

TEST_CASE("command table: flags agree with each other and with the handler") {
    using namespace command_flag;
    each_row([](const Command& command) {
        CHECK_FALSE((command.has(kWrite) && command.has(kReadOnly)));
        CHECK_FALSE((command.has(kWrite) && command.has(kLong)));
        if (command.has(kBlind | kDenyOom | kArgumentsOnly)) CHECK(command.has(kWrite));
        if (command.data != nullptr) {
            const bool help = command.name.ends_with("|help");
            CHECK((command.has(kWrite) || command.has(kReadOnly)) != help);
        }
        if (command.has(kLong)) CHECK(command.data != nullptr);
    });
    for (const char* name : {"exec", "discard", "watch", "multi", "quit", "reset"}) {
        CHECK(find_command(name)->has(kNotQueued));
    }
    CHECK_FALSE(find_command("unwatch")->has(kNotQueued));
}

TEST_CASE("command table: positions of keys lie within what the arity allows") {
    each_row([](const Command& command) {
        CHECK(command.arity != 0);
        const int least = command.arity < 0 ? -command.arity : command.arity;
        if (command.first_key == 0) {
            CHECK(command.last_key == 0);
            CHECK(command.key_step == 0);
            return;
        }
        CHECK(command.first_key < least);
        CHECK(command.last_key < least);
        CHECK((command.last_key == -1 || command.last_key >= command.first_key));
        CHECK(command.key_step >= 1);
        CHECK_FALSE(key_flags_of(command).empty());
    });
}

TEST_CASE("command table: keys_of finds the keys among the words") {
    const auto keys = [](const Args& args) {
        const Command* command = find_command(args[0]);
        if (has_subcommands(*command)) command = find_subcommand(*command, args[1]);
        return joined(keys_of(*command, args));
    };
    CHECK(keys({"get", "a"}) == "a");
    CHECK(keys({"set", "a", "1", "EX", "5"}) == "a");
    CHECK(keys({"mset", "a", "1", "b", "2"}) == "a b");
    CHECK(keys({"mset", "a", "1", "b"}) == "a b");
    CHECK(keys({"del", "a", "b", "c"}) == "a b c");
    CHECK(keys({"rename", "a", "b"}) == "a b");
    CHECK(keys({"object", "encoding", "a"}) == "a");
    CHECK(keys({"memory", "usage", "a", "SAMPLES", "5"}) == "a");
    CHECK(keys({"watch", "a", "b"}) == "a b");
    CHECK(keys({"ping"}).empty());
}

TEST_CASE("command table: every row says what it does and how it is written") {
    each_row([](const Command& command) {
        CHECK(command.summary.size() > 3);
        CHECK_FALSE(command.group.empty());
        CHECK(command.since.find('.') != std::string_view::npos);
        CHECK(text_of(parse_syntax(command.syntax)) == command.syntax);
        // No words without a syntax, and no syntax without room for words.
        const int own = command.name.find('|') == std::string_view::npos ? 1 : 2;
        if (!has_subcommands(command) && command.name != "quit") {
            CHECK(command.syntax.empty() == (command.arity == own));
        }
    });
}

TEST_CASE("syntax tree: names types, tokens, choices and repetitions") {
    const auto arguments = parse_syntax(
        "key [NX | XX] EX seconds [LIMIT offset count] "
        "key value [key value ...] SKIPME <YES | NO>");
    REQUIRE(arguments.size() == 6);
    CHECK(type_of(arguments[0]) == "key");
    CHECK(arguments[1].optional);
    CHECK(type_of(arguments[1]) == "oneof");
    CHECK(type_of(arguments[1].parts.at(1)) == "pure-token");
    CHECK(arguments[2].token == "EX");
    CHECK(type_of(arguments[2]) == "integer");
    CHECK(type_of(arguments[3]) == "block");
    CHECK(arguments[4].multiple);
    CHECK(arguments[4].parts.size() == 2);
    CHECK(arguments[5].token == "SKIPME");
    CHECK(type_of(arguments[5]) == "oneof");
    CHECK(parse_syntax("").empty());
}

TEST_CASE("command table: the document lists every command as the table has it") {
    const std::string path = std::string(KV_SOURCE_DIR) + "/protocol/docs/resp.md";
    std::ifstream in(path);
    REQUIRE(in.good());
    std::ostringstream read;
    read << in.rdbuf();
    const std::string text = read.str();
    const std::string begin = "<!-- commands: begin -->\n", end = "<!-- commands: end -->";
    const size_t first = text.find(begin);
    const size_t last = text.find(end);
    REQUIRE(first != std::string::npos);
    REQUIRE(last != std::string::npos);
    const size_t start = first + begin.size();
    if (std::getenv("KVD_WRITE_DOCS") != nullptr) {
        std::ofstream(path) << text.substr(0, start) << commands_section() << text.substr(last);
    } else {
        CHECK(text.substr(start, last - start) == commands_section());
    }
}

}  // namespace kv::server
