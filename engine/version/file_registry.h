// FileRegistry: the one central table of which files may not be deleted yet.
//
// Every FileMeta of a live Version was adopted here. A table retired by a durable edit becomes
// obsolete when the last Version, reader or job that holds its FileMeta lets go; the store collects
// obsolete files and unlinks them, but only while the MANIFEST is not in doubt.
// Thread rule: any thread. References may outlive the registry.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "record/file_names.h"
#include "version/file_meta.h"

namespace kv {

class FileRegistry {
  public:
    FileRegistry();
    ~FileRegistry();
    FileRegistry(const FileRegistry&) = delete;
    FileRegistry& operator=(const FileRegistry&) = delete;

    /// The shared FileMeta of a table that is not known yet. Releasing it before retire() makes
    /// nothing obsolete.
    FileMetaPtr adopt(FileMeta meta);
    /// The durable file set no longer has this table.
    void retire(uint64_t number);
    /// A MANIFEST that a durable CURRENT no longer names.
    void retire_manifest(uint64_t number);

    /// Called whenever a retired table is let go by the last that held it, on the thread of that
    /// one and under whatever locks it holds: it may post, and nothing else. Empty: nobody is told.
    /// When this returns no call of an earlier one is under way.
    void on_obsolete(std::function<void()> callback);

    /// Files that nothing refers to any more, each reported once. Call it only when
    /// !Manifest::in_doubt(); what cannot be unlinked may be put back.
    std::vector<FileName> take_obsolete();
    void put_back(const std::vector<FileName>& files);

    /// Tables adopted and still referenced.
    size_t live_count() const;

  private:
    struct Table;
    const std::shared_ptr<Table> table_;  // shared with the references it hands out
};

}  // namespace kv
