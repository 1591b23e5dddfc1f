// Which keys and values can be stored, decided in one place for all commands, and the look-up that
// goes with it: a key that cannot be stored is simply not found.
// Thread rule: the thread that runs the command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "server/commands/data_context.h"

namespace kv::server {

/// Whether `key` can be in `space` at all: its stored form must not be longer than
/// engine.max_key_size.
bool key_fits(const Options& limits, Keyspace space, Bytes key);
bool may_be_stored(const DataContext& context, Bytes key);

/// The live entry of `key`; the store's errors are handed on.
Result<std::optional<Entry>> find_entry(const DataContext& context, Bytes key);

/// The same without the value, which is not copied.
Result<std::optional<EntryHead>> find_head(const DataContext& context, Bytes key);

/// Answers with its value, whose memory the answer may take, or null.
void answer_value(const DataContext& context, std::optional<Entry>& found);

/// For writes, before the first mutation. False: the error has been answered.
bool may_store(const DataContext& context, Keyspace space, Bytes key);
bool may_store(const DataContext& context, Bytes key);
bool may_store(const DataContext& context, Bytes key, size_t value_bytes);
/// As the last, for a value of `size` and `more` bytes that a command builds: beyond what Redis
/// allows at all it is refused in Redis's words.
bool may_store_grown(const DataContext& context, Bytes key, uint64_t size, uint64_t more);

}  // namespace kv::server
