// The catalog of keyspaces as it is stored, and what is done with it when a store is opened: read
// it, write the first one, delete what belongs to no keyspace. Format: engine/docs/keyspaces.md.
// Caller: KeyspaceCatalog. Thread rule: plain functions; they wait for the disk.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
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

/// Makes the catalog of a store that has none, then reads it. Errors: KeyspaceCatalog::open.
Result<StoredCatalog> load_catalog(Db& db);
/// Deletes keys of ids that were given away once and have no entry.
Status delete_orphans(Db& db, const StoredCatalog& catalog);

}  // namespace kv::db
