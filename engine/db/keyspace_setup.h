// The catalog of keyspaces as it is stored, and what is done with it when a store is opened: read
// it, write the first one, delete what belongs to no keyspace. Format: engine/docs/keyspaces.md.
// Callers: KeyspaceCatalog, repair. Thread rule: plain functions; they wait for the disk.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "kv/db.h"
#include "kv/result.h"

namespace kv::db {

struct StoredCatalog {
    uint32_t next_id = 0;                   ///< What the next new keyspace gets.
    std::map<uint32_t, std::string> names;  ///< By id.
};

std::string catalog_key(std::string_view name);
/// The value of an entry.
std::string encode_keyspace_id(uint32_t id);
/// The value of the catalog's head, whose key is catalog_key("").
std::string encode_catalog_head(uint32_t next_id);
/// Requires 4 bytes.
uint32_t decode_keyspace_id(Bytes bytes);
/// The number that the next keyspace gets; nullopt: not a head, but a key from before keyspaces.
/// kUnsupported: a newer version. kCorruption: damaged.
Result<std::optional<uint32_t>> decode_catalog_head(Bytes value);
/// Whether it is stored as an entry of the catalog, or a key of a numbered keyspace but the default
/// one. Keys of a store from before keyspaces that begin with FF hardly look like that.
bool is_of_keyspaces(Bytes key, Bytes value);

/// Makes the catalog of a store that has none, then reads it. Errors: KeyspaceCatalog::open.
Result<StoredCatalog> load_catalog(Db& db);
/// Deletes keys of ids that were given away once and have no entry.
Status delete_orphans(Db& db, const StoredCatalog& catalog);

}  // namespace kv::db
