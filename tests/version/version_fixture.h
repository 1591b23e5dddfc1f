// Tables, edits and stores with few words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "record/file_names.h"
#include "support/crash_file_system.h"
#include "version/manifest.h"

namespace kv::test {

/// A table whose smallest user key has its newest entry at `newest` and whose largest has its
/// oldest at `oldest`.
inline FileMeta table(uint64_t number, const std::string& smallest, const std::string& largest,
                      Seqno oldest, Seqno newest) {
    FileMeta meta;
    meta.number = number;
    meta.size_bytes = 1000 + number;
    meta.checksum = number * 7;
    meta.smallest = make_internal_key(smallest, newest, Kind::kPut);
    meta.largest = make_internal_key(largest, oldest, Kind::kPut);
    meta.smallest_seqno = oldest;
    meta.largest_seqno = newest;
    meta.entries = 2;
    return meta;
}

inline FileMetaPtr table_ptr(uint64_t number, const std::string& smallest,
                             const std::string& largest, Seqno oldest, Seqno newest) {
    return std::make_shared<const FileMeta>(table(number, smallest, largest, oldest, newest));
}

/// An edit that flushes the table to level 0.
inline VersionEdit flush(const FileMeta& meta) {
    VersionEdit edit;
    edit.add(0, meta);
    edit.flushed_seqno = meta.largest_seqno;
    return edit;
}

/// "L0: 3 2 | L1: 1": the numbers of each level that has tables.
inline std::string describe(const Version& version) {
    std::string text;
    for (int level = 0; level < kLevels; ++level) {
        if (version.files(level).empty()) continue;
        text += (text.empty() ? "L" : " | L") + std::to_string(level) + ":";
        for (const FileMetaPtr& file : version.files(level)) {
            text += " " + std::to_string(file->number);
        }
    }
    return text;
}

inline std::string manifest_path(uint64_t number) {
    return join_path("db", manifest_file_name(number));
}

inline std::unique_ptr<CrashFileSystem> make_disk() {
    auto fs = std::make_unique<CrashFileSystem>();
    if (!fs->create_dir("db").is_ok() || !fs->sync_dir("").is_ok()) std::abort();
    return fs;
}

inline std::unique_ptr<Manifest> make_store(CrashFileSystem& fs,
                                            const ManifestOptions& options = {}) {
    return Manifest::create_new(fs, "db", 0xDB, options).value();
}

inline bool contains(const Status& status, const std::string& part) {
    return status.message().find(part) != std::string_view::npos;
}

}  // namespace kv::test
