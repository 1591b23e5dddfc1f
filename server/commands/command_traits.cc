// See command_traits.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/command_traits.h"

#include <algorithm>
#include <array>

namespace kv::server {
namespace {

using namespace command_flag;

struct Traits {
    std::string_view name;
    std::string_view keys;  ///< Flags; " | " between two sets of keys.
    std::string_view tips;
};

// Sorted by name. A command that only reads its keys and has no tips needs no row.
constexpr std::array kTraits{
    Traits{"append", "RW insert", ""},
    Traits{"client|info", "", "nondeterministic_output"},
    Traits{"client|list", "", "nondeterministic_output"},
    Traits{"command", "", "nondeterministic_output_order"},
    Traits{"command|docs", "", "nondeterministic_output_order"},
    Traits{"command|info", "", "nondeterministic_output_order"},
    Traits{"command|list", "", "nondeterministic_output_order"},
    Traits{"config|set", "", "request_policy:all_nodes response_policy:all_succeeded"},
    Traits{"copy", "RO access | OW update", ""},
    Traits{"dbsize", "", "request_policy:all_shards response_policy:agg_sum"},
    Traits{"decr", "RW access update", ""},
    Traits{"decrby", "RW access update", ""},
    Traits{"del", "RM delete", "request_policy:multi_shard response_policy:agg_sum"},
    Traits{"exists", "RO", "request_policy:multi_shard response_policy:agg_sum"},
    Traits{"expire", "RW update", ""},
    Traits{"expireat", "RW update", ""},
    Traits{"flushall", "", "request_policy:all_shards response_policy:all_succeeded"},
    Traits{"flushdb", "", "request_policy:all_shards response_policy:all_succeeded"},
    Traits{"function|flush", "", "request_policy:all_shards response_policy:all_succeeded"},
    Traits{"function|list", "", "nondeterministic_output_order"},
    Traits{"getdel", "RW access delete", ""},
    Traits{"getex", "RW access update", ""},
    Traits{"getset", "RW access update", ""},
    Traits{"incr", "RW access update", ""},
    Traits{"incrby", "RW access update", ""},
    Traits{"incrbyfloat", "RW access update", ""},
    Traits{"info", "", "nondeterministic_output request_policy:all_shards response_policy:special"},
    Traits{"keys", "", "request_policy:all_shards nondeterministic_output_order"},
    Traits{"lastsave", "", "nondeterministic_output"},
    Traits{"latency|doctor", "",
           "nondeterministic_output request_policy:all_nodes response_policy:special"},
    Traits{"latency|graph", "",
           "nondeterministic_output request_policy:all_nodes response_policy:special"},
    Traits{"latency|histogram", "",
           "nondeterministic_output request_policy:all_nodes response_policy:special"},
    Traits{"latency|history", "",
           "nondeterministic_output request_policy:all_nodes response_policy:special"},
    Traits{"latency|latest", "",
           "nondeterministic_output request_policy:all_nodes response_policy:special"},
    Traits{"latency|reset", "", "request_policy:all_nodes response_policy:all_succeeded"},
    Traits{"memory|doctor", "",
           "nondeterministic_output request_policy:all_shards response_policy:special"},
    Traits{"memory|malloc-stats", "",
           "nondeterministic_output request_policy:all_shards response_policy:special"},
    Traits{"memory|purge", "", "request_policy:all_shards response_policy:all_succeeded"},
    Traits{"memory|stats", "",
           "nondeterministic_output request_policy:all_shards response_policy:special"},
    Traits{"memory|usage", "RO", ""},
    Traits{"mget", "RO access", "request_policy:multi_shard"},
    Traits{"mset", "OW update", "request_policy:multi_shard response_policy:all_succeeded"},
    Traits{"msetnx", "OW insert", "request_policy:multi_shard response_policy:agg_min"},
    Traits{"object|encoding", "RO", "nondeterministic_output"},
    Traits{"object|freq", "RO", "nondeterministic_output"},
    Traits{"object|idletime", "RO", "nondeterministic_output"},
    Traits{"object|refcount", "RO", "nondeterministic_output"},
    Traits{"persist", "RW update", ""},
    Traits{"pexpire", "RW update", ""},
    Traits{"pexpireat", "RW update", ""},
    Traits{"ping", "", "request_policy:all_shards response_policy:all_succeeded"},
    Traits{"psetex", "OW update", ""},
    Traits{"pttl", "RO access", "nondeterministic_output"},
    Traits{"randomkey", "", "request_policy:all_shards nondeterministic_output"},
    Traits{"rename", "RW access delete | OW update", ""},
    Traits{"renamenx", "RW access delete | OW insert", ""},
    Traits{"scan", "", "nondeterministic_output request_policy:special"},
    Traits{"set", "RW access update variable_flags", ""},
    Traits{"setex", "OW update", ""},
    Traits{"setnx", "OW insert", ""},
    Traits{"setrange", "RW update", ""},
    Traits{"slowlog|get", "", "request_policy:all_nodes nondeterministic_output"},
    Traits{"slowlog|len", "",
           "request_policy:all_nodes response_policy:agg_sum nondeterministic_output"},
    Traits{"slowlog|reset", "", "request_policy:all_nodes response_policy:all_succeeded"},
    Traits{"strlen", "RO", ""},
    Traits{"time", "", "nondeterministic_output"},
    Traits{"touch", "RO", "request_policy:multi_shard response_policy:agg_sum"},
    Traits{"ttl", "RO access", "nondeterministic_output"},
    Traits{"type", "RO", ""},
    Traits{"unlink", "RM delete", "request_policy:multi_shard response_policy:agg_sum"},
    Traits{"wait", "", "request_policy:all_shards response_policy:agg_min"},
    Traits{"watch", "RO", ""},
};
static_assert(std::ranges::is_sorted(kTraits, {}, &Traits::name));

const Traits* find_traits(std::string_view name) {
    const auto found = std::ranges::lower_bound(kTraits, name, {}, &Traits::name);
    return found != kTraits.end() && found->name == name ? &*found : nullptr;
}

std::vector<std::string_view> split(std::string_view text, std::string_view between) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const size_t end = std::min(text.find(between), text.size());
        parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + between.size(), text.size()));
    }
    return parts;
}

struct FlagName {
    uint32_t flag;
    std::string_view name;
};
constexpr std::array kFlagNames{
    FlagName{kWrite, "write"},
    FlagName{kReadOnly, "readonly"},
    FlagName{kDenyOom, "denyoom"},
    FlagName{kAdmin, "admin"},
    FlagName{kPubsub, "pubsub"},
    FlagName{kNoScript, "noscript"},
    FlagName{kLoading, "loading"},
    FlagName{kStale, "stale"},
    FlagName{kSkipSlowlog, "skip_slowlog"},
    FlagName{kFast, "fast"},
    FlagName{kNoAuth, "no_auth"},
    FlagName{kNoMulti, "no_multi"},
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// A container that only has subcommands belongs to no category of its group.
bool is_bare_container(const Command& command) {
    return command.name.find('|') == std::string_view::npos && command.data == nullptr &&
           command.control == nullptr && !subcommands_of(command.name).empty();
}

}  // namespace

std::vector<std::string_view> flag_names(const Command& command) {
    std::vector<std::string_view> names;
    for (const FlagName& flag : kFlagNames) {
        if (command.has(flag.flag)) names.push_back(flag.name);
    }
    return names;
}

std::vector<std::string_view> categories_of(const Command& command) {
    const std::string_view name = command.name;
    const bool bare = is_bare_container(command);
    const auto in_group = [&](std::string_view group) { return !bare && command.group == group; };
    const bool waits = is_one_of(name, {"wait", "waitaof"});
    const bool keyspace = (in_group("generic") && !waits && name != "object") ||
                          is_one_of(name, {"dbsize", "flushdb", "flushall"});
    const bool dangerous = command.has(kAdmin) || is_one_of(name, {"keys", "flushdb", "flushall",
                                                                   "info", "role", "lastsave"});
    const bool connection = in_group("connection") || waits || name.starts_with("command");
    std::vector<std::string_view> found;
    const auto add = [&](bool is, std::string_view category) {
        if (is) found.push_back(category);
    };
    add(keyspace, "@keyspace");
    add(command.has(kReadOnly), "@read");
    add(command.has(kWrite), "@write");
    add(in_group("string"), "@string");
    add(command.has(kPubsub), "@pubsub");
    add(command.has(kAdmin) || is_one_of(name, {"role", "lastsave"}), "@admin");
    add(command.has(kFast), "@fast");
    add(!command.has(kFast), "@slow");
    add(dangerous, "@dangerous");
    add(connection, "@connection");
    add(in_group("transactions"), "@transaction");
    add(in_group("scripting"), "@scripting");
    return found;
}

std::vector<std::string_view> tips_of(const Command& command) {
    const Traits* traits = find_traits(command.name);
    return traits == nullptr ? std::vector<std::string_view>() : split(traits->tips, " ");
}

std::vector<std::vector<std::string_view>> key_flags_of(const Command& command) {
    if (command.first_key == 0) return {};
    const Traits* traits = find_traits(command.name);
    const bool told = traits != nullptr && !traits->keys.empty();
    const std::string_view keys = told ? traits->keys : "RO access";
    std::vector<std::vector<std::string_view>> sets;
    for (const std::string_view set : split(keys, " | ")) sets.push_back(split(set, " "));
    return sets;
}

}  // namespace kv::server
