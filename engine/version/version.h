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
    Version();

    /// Sorts each level into its order. For tests and tools; the store goes through with_edit.
    explicit Version(std::array<std::vector<FileMetaPtr>, kLevels> levels);

    /// This version changed by `edit`; tables present in both share their FileMeta. Added tables
    /// are adopted by `registry` (null: plain pointers, for tests). kCorruption when the edit
    /// removes a table that is not there or adds one that is. Order is not checked here:
    /// version/order_check.h. Levels that the edit does not touch are shared, not copied.
    Result<VersionPtr> with_edit(const VersionEdit& edit, FileRegistry* registry) const;

    const std::vector<FileMetaPtr>& files(int level) const { return level_at(level).files; }
    uint64_t bytes(int level) const { return level_at(level).bytes; }
    uint64_t total_bytes() const;
    size_t total_files() const;
    /// Largest seqno of any table; 0 without tables.
    Seqno largest_seqno() const;

    /// The one table of `level` (>= 1) whose range holds `user_key`; null when none does. O(log n).
    const FileMeta* find_table(int level, Bytes user_key) const;
    /// Index in files(level) (level >= 1) of the first table that does not end before `user_key`;
    /// files(level).size() when there is none.
    size_t lower_bound(int level, Bytes user_key) const;
    /// Tables of `level` that meet [lower, upper] by user key, nullopt = unbounded, both inclusive
    /// unless `upper_is_exclusive`; in the level's order. For level 0 just those: the caller widens
    /// the range if it needs the transitive set.
    std::vector<FileMetaPtr> overlapping(int level, std::optional<Bytes> lower,
                                         std::optional<Bytes> upper,
                                         bool upper_is_exclusive = false) const;
    /// The table of `level` with this number; null when there is none. A pass over an array.
    FileMetaPtr find_number(int level, uint64_t number) const;

  private:
    using FileList = std::vector<FileMetaPtr>;
    struct Level {
        FileList files;
        std::vector<uint64_t> numbers;  // of files, same order
        // Big-endian first 8 bytes of each largest user key, zero-padded: most steps of a search
        // touch only this array. Empty for level 0.
        std::vector<uint64_t> largest_prefixes;
        uint64_t bytes = 0;
        Seqno largest_seqno = 0;
    };
    using LevelPtr = std::shared_ptr<const Level>;
    const Level& level_at(int level) const;
    static LevelPtr make_level(int level, FileList files);
    LevelPtr change_level(int level, std::vector<size_t> removed, FileList added) const;
    bool contains(uint64_t number) const;

    std::array<LevelPtr, kLevels> levels_;  // none null; shared with the versions before and after
};

}  // namespace kv
