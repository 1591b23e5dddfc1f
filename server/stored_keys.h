// What requests say about a keyspace in the words of the store, and back: bounds, lists of keys,
// messages of errors. Single keys go through Keyspace::stored itself.
// Thread rule: pure functions; StoredKeys one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kv/db.h"
#include "kv/keyspace.h"
#include "protocol/read_messages.h"
#include "server/answer.h"

namespace kv::server {

/// The part of `space` that `range` names.
ScanOptions scan_options(const Keyspace& space, const protocol::KeyRange& range,
                         SnapshotPtr snapshot);

/// Refuses a bound or a prefix that is longer than what can tell two keys apart: the largest key of
/// the format, whatever may be written here, and one byte for what lies right behind it.
Refusal check_range(const Keyspace& space, const protocol::KeyRange& range);

/// [first, second) of stored keys: those of `space` between the bounds, where there are any, that
/// begin with `prefix`.
std::pair<std::string, std::string> stored_range(const Keyspace& space, std::optional<Bytes> lower,
                                                 std::optional<Bytes> upper, Bytes prefix);
/// The same as scan_options(), as two bounds.
std::pair<std::string, std::string> stored_range(const Keyspace& space,
                                                 const protocol::KeyRange& range);

/// Keeps the bytes of keys that are stored differently from how they were sent.
class StoredKeys {
  public:
    /// Replaces each key by its stored form; `keys` then may point into this object.
    void map(const Keyspace& space, std::vector<Bytes>& keys);

  private:
    std::deque<std::string> built_;
};

/// An error of the store as the user of `space` should read it: without the prefix that its keys
/// carry in the store.
Status for_user(const Keyspace& space, const Status& status);

}  // namespace kv::server
