// Version: one immutable state of the store's table set. Readers and jobs hold a VersionPtr; the
// tables in it stay on disk as long as they do (FileRegistry).
//
// Level 0 holds flushed tables, newest first, which may overlap. Levels 1.. are sorted by key and
// disjoint by user key. Thread rule: immutable, any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "kv/bytes.h"
#include "kv/result.h"
#include "version/file_meta.h"
#include "version/version_edit.h"

namespace kv {

class FileRegistry;
class Version;
using VersionPtr = std::shared_ptr<const Version>;

class Version {
  public:
    /// No tables.
    Version() = default;

    /// Sorts each level into its order. For tests and tools; the store goes through with_edit.
    explicit Version(std::array<std::vector<FileMetaPtr>, kLevels> levels);

    /// This version changed by `edit`; tables present in both share their FileMeta. Added tables
    /// are adopted by `registry` (null: plain pointers, for tests). kCorruption when the edit
    /// removes a table that is not there or adds one that is. Order is not checked here:
    /// version/order_check.h.
    Result<VersionPtr> with_edit(const VersionEdit& edit, FileRegistry* registry) const;

    const std::vector<FileMetaPtr>& files(int level) const { return level_at(level).files; }
    uint64_t bytes(int level) const { return level_at(level).bytes; }
    uint64_t total_bytes() const;
    size_t total_files() const;
    /// Largest seqno of any table; 0 without tables.
    Seqno largest_seqno() const;

    /// The one table of `level` (>= 1) whose range holds `user_key`; null when none does. O(log n).
    const FileMeta* find_table(int level, Bytes user_key) const;
    /// Index in files(level) (level >= 1) of the first table whose largest user key is >=
    /// `user_key`; files(level).size() when none is.
    size_t lower_bound(int level, Bytes user_key) const;
    /// Tables of `level` that meet [lower, upper] by user key, both inclusive, nullopt = unbounded;
    /// in the level's order. For level 0 just those: the caller widens the range if it needs the
    /// transitive set.
    std::vector<FileMetaPtr> overlapping(int level, std::optional<Bytes> lower,
                                         std::optional<Bytes> upper) const;
    bool any_overlap(int level, Bytes lower, Bytes upper) const;

  private:
    struct Level {
        std::vector<FileMetaPtr> files;
        // Big-endian first 8 bytes of each largest user key, zero-padded: most steps of a search
        // touch only this array. Empty for level 0.
        std::vector<uint64_t> largest_prefixes;
        uint64_t bytes = 0;
    };
    const Level& level_at(int level) const;
    static void finish_level(int level, Level& out);

    std::array<Level, kLevels> levels_;
};

}  // namespace kv
