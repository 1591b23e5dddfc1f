// The numbered databases of the RESP listener: database N is keyspace N, so database 0 is the
// default keyspace, which the native protocol sees. Thread rule: pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/commands/argument_words.h"
#include "server/commands/number_text.h"

namespace kv::server {

/// What SELECT, COPY and FLUSHALL know of. A store keeps the keys of higher ones, unseen, when this
/// is ever lowered.
constexpr uint32_t kDatabases = 16;

/// What SELECT makes of its argument.
struct SelectedDatabase {
    uint32_t index = 0;
    std::string_view error;  ///< Empty, or what is answered instead.
};
inline SelectedDatabase read_database(Bytes word) {
    const std::optional<int64_t> index = parse_integer(word);
    if (!index) return {0, kNotAnInteger};
    if (*index < INT32_MIN || *index > INT32_MAX) {
        return {0, "ERR value is out of range, value must between -2147483648 and 2147483647"};
    }
    if (*index < 0 || *index >= kDatabases) return {0, "ERR DB index is out of range"};
    return {static_cast<uint32_t>(*index), {}};
}

}  // namespace kv::server
