// See command.h and command_table.h. The compiler sorts the rows and makes the hash table.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/command_table.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "server/commands/argument_words.h"
#include "server/commands/rows_client.h"
#include "server/commands/rows_connection.h"
#include "server/commands/rows_generic.h"
#include "server/commands/rows_messages.h"
#include "server/commands/rows_own.h"
#include "server/commands/rows_server.h"
#include "server/commands/rows_server_parts.h"
#include "server/commands/rows_string.h"

namespace kv::server {
namespace {

constexpr bool is_part(const Command& command) {
    return command.name.find('|') != std::string_view::npos;
}

/// Commands first, subcommands after them, each by name.
template <class... Rows>
constexpr auto merged(const Rows&... rows) {
    std::array<Command, (std::tuple_size_v<Rows> + ...)> all;
    auto end = all.begin();
    ((end = std::copy(rows.begin(), rows.end(), end)), ...);
    std::sort(all.begin(), all.end(), [](const Command& a, const Command& b) {
        return is_part(a) != is_part(b) ? is_part(b) : a.name < b.name;
    });
    return all;
}

constexpr auto kTable = merged(rows::kString, rows::kGeneric, rows::kConnection, rows::kClient,
                               rows::kServer, rows::kServerParts, rows::kMessages, rows::kOwn);
constexpr auto kCommands =
    static_cast<size_t>(std::find_if(kTable.begin(), kTable.end(), is_part) - kTable.begin());
static_assert(std::adjacent_find(kTable.begin(), kTable.end(),
                                 [](const Command& a, const Command& b) {
                                     return a.name == b.name;
                                 }) == kTable.end(),
              "a name has one row");

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr uint32_t kHashSeed = 2166136261U;
/// FNV-1a over the lower-case letters, going on from `hash`.
constexpr uint32_t hash_on(uint32_t hash, std::string_view text) {
    for (const char c : text) {
        hash = (hash ^ static_cast<uint8_t>(lower(c))) * 16777619U;
    }
    return hash;
}

// At most half full, so that a look-up ends after one or two slots.
constexpr size_t kSlots = 512;
static_assert(kTable.size() * 2 <= kSlots);
constexpr uint16_t kEmpty = 0xFFFF;
constexpr size_t slot_of(uint32_t hash) { return (hash ^ hash >> 15) % kSlots; }

constexpr std::array<uint16_t, kSlots> kIndex = [] {
    std::array<uint16_t, kSlots> index{};
    index.fill(kEmpty);
    for (size_t i = 0; i < kTable.size(); ++i) {
        size_t slot = slot_of(hash_on(kHashSeed, kTable[i].name));
        while (index[slot] != kEmpty) slot = (slot + 1) % kSlots;
        index[slot] = static_cast<uint16_t>(i);
    }
    return index;
}();

constexpr size_t kLongestName =
    std::max_element(kTable.begin(), kTable.end(), [](const Command& a, const Command& b) {
        return a.name.size() < b.name.size();
    })->name.size();

bool equal(std::string_view name, std::string_view given) {
    return name.size() == given.size() && std::equal(name.begin(), name.end(), given.begin(),
                                                     [](char a, char b) { return a == lower(b); });
}

/// The row whose hash is `hash` and whose name `is` accepts; null when there is none.
template <class Is>
const Command* find_row(uint32_t hash, Is is) {
    for (size_t slot = slot_of(hash); kIndex[slot] != kEmpty; slot = (slot + 1) % kSlots) {
        const Command& row = kTable[kIndex[slot]];
        if (is(row.name)) return &row;
    }
    return nullptr;
}

/// The subcommands of each command.
struct Parts {
    uint16_t first = 0;
    uint16_t count = 0;
};
constexpr std::array<Parts, kCommands> kParts = [] {
    std::array<Parts, kCommands> parts{};
    for (size_t i = 0, part = kCommands; i < kCommands; ++i) {
        parts[i].first = static_cast<uint16_t>(part);
        const std::string_view name = kTable[i].name;
        while (part < kTable.size() && kTable[part].name.starts_with(name) &&
               kTable[part].name[name.size()] == '|') {
            ++part;
            ++parts[i].count;
        }
    }
    return parts;
}();
static_assert(kParts.back().first + kParts.back().count == kTable.size(),
              "every subcommand has its command");

std::span<const Command> parts_of(size_t index) {
    return {&kTable[0] + kParts[index].first, kParts[index].count};
}

}  // namespace

std::span<const Command> all_commands() { return {kTable.data(), kCommands}; }

std::span<const Command> subcommands_of(std::string_view name) {
    const Command* found = find_command(name);
    return found == nullptr ? std::span<const Command>() : parts_of(command_index(*found));
}

const Command* find_by_full_name(std::string_view name) {
    if (name.size() > kLongestName) return nullptr;
    return find_row(hash_on(kHashSeed, name),
                    [&](std::string_view row) { return equal(row, name); });
}

const Command* find_command(std::string_view name) {
    const Command* found = find_by_full_name(name);
    return found != nullptr && command_index(*found) < kCommands ? found : nullptr;
}

const Command* find_subcommand(const Command& parent, std::string_view name) {
    if (name.size() > kLongestName) return nullptr;
    const size_t bar = parent.name.size();
    return find_row(hash_on(hash_on(hash_on(kHashSeed, parent.name), "|"), name),
                    [&](std::string_view row) {
                        return row.size() > bar && row[bar] == '|' &&
                               row.starts_with(parent.name) && equal(row.substr(bar + 1), name);
                    });
}

bool has_subcommands(const Command& command) {
    const size_t index = command_index(command);
    return index < kCommands && kParts[index].count != 0;
}

size_t command_count() { return kTable.size(); }

const Command& command_at(size_t index) { return kTable[index]; }

size_t command_index(const Command& command) {
    return static_cast<size_t>(&command - kTable.data());
}

std::vector<Bytes> keys_of(const Command& command, const protocol::resp::Args& args) {
    std::vector<Bytes> keys;
    if (command.first_key == 0) return keys;
    const auto words = static_cast<int>(args.size());
    const int last = command.last_key < 0 ? words + command.last_key : command.last_key;
    for (int i = command.first_key; i <= last && i < words; i += command.key_step) {
        keys.push_back(args[static_cast<size_t>(i)]);
    }
    return keys;
}

size_t values_asked(const Command& command, const protocol::resp::Args& args) {
    if (!command.has(command_flag::kAnswersValue)) return 0;
    if (command.last_key < 0) return args.size() - 1;
    if (!command.has(command_flag::kBlind)) return 1;
    // SET answers one with GET among its options only.
    return std::any_of(args.begin() + 3, args.end(),
                       [](Bytes word) { return word_is(word, "get"); });
}

}  // namespace kv::server
