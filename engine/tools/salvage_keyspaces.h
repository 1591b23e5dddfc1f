// The catalog of keyspaces (engine/docs/keyspaces.md) in a repaired copy. Its head or its entries
// may be among what was lost. Without the head the server refuses the store, or takes its keys for
// keys from before keyspaces; without an entry it deletes the keys of that keyspace.
// Caller: repair.cc. Thread rule: a plain function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kv/file_system.h"
#include "kv/result.h"
#include "version/file_meta.h"

namespace kv::tools {

/// What has to be written into the copy.
struct CatalogRepair {
    std::optional<uint32_t> next_id;        ///< In a new head.
    std::map<uint32_t, std::string> names;  ///< For keyspaces that have keys and no name.
    std::vector<std::string> notes;         ///< The same in words.

    bool empty() const { return !next_id && names.empty() && notes.empty(); }
};

/// `tables` of `dir`, all of them sound, are all that the copy has. `has_losses`: something that
/// was in the store is not in them; else only what the server would refuse is repaired. Reads
/// little of tables that end before the keyspaces.
Result<CatalogRepair> find_catalog_repair(FileSystem& fs, const std::string& dir,
                                          const std::vector<FileMetaPtr>& tables, bool has_losses);

}  // namespace kv::tools
