// The table of settings: one row a key, with name, kind, range, help and the Config member behind
// it. Everything that walks settings (loader, --print-config, the sample's test) walks this table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.h"
#include "kv/status.h"

namespace kv::config {

enum class Kind : uint8_t { kText, kBool, kCount, kSize, kDuration, kAddress, kAddressOrOff };

/// Where a key's value lives in a Config.
using Field = std::variant<uint64_t*, uint32_t*, bool*, std::string*, Compression*, Durability*>;

struct Key {
    std::string_view name;  ///< As in the file, "section.key" or "key".
    Kind kind;
    uint64_t min;  ///< Of numbers: bytes, milliseconds or a count.
    uint64_t max;
    bool zero_is_off;          ///< 0 or "off" is allowed below min.
    std::string_view choices;  ///< Of texts: "a|b|c"; empty: anything.
    std::string_view help;
    Field (*field)(Config&);
};

/// Every key, in the order of the sample file.
std::span<const Key> keys();
/// Null when there is none of that name.
const Key* find_key(std::string_view name);
/// The closest name by edit distance; empty when none is near enough to be a typing error.
std::string_view nearest_key(std::string_view name);
/// "limits.connections" -> "KVD_LIMITS_CONNECTIONS".
std::string environment_name(const Key& key);

/// Parses `text` by the key's kind, checks its range and stores it. kInvalidArgument says what was
/// expected, without naming the key or the source: the caller does.
Status set_value(const Key& key, std::string_view text, Config& config);
/// The value as one would write it in a file, without quotes.
std::string get_value(const Key& key, const Config& config);
/// What its value may be: "0, or 1 to 64", "off, or 1s to 9h", "none|lz4|zstd"; empty where only
/// the kind says it. Behind each setting in the sample file.
std::string allowed_values(const Key& key);
/// "a size", "true or false", ...: for messages about a wrong type.
std::string_view kind_name(Kind kind);
/// Whether get_value() needs quotes in TOML.
bool is_quoted(Kind kind);

}  // namespace kv::config
