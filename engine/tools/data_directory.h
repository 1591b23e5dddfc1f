// Looking at a data directory from outside, without taking its lock or changing a byte.
// Callers: stat, verify. Thread rule: plain functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kv/file_system.h"
#include "kv/result.h"
#include "record/file_names.h"

namespace kv::tools {

struct DirectoryFile {
    std::string name;
    FileName parsed;  ///< kUnknown for what the engine did not write.
    uint64_t size_bytes = 0;
};

/// Every file of `dir`, sorted by name; `lost` and other directories are left out.
/// kInvalidArgument: `dir` is missing or holds no store, not even a damaged one.
Result<std::vector<DirectoryFile>> list_data_directory(FileSystem& fs, const std::string& dir);

/// Whether `path` names `dir` or something below it, links resolved as far as they exist.
bool is_within(const std::string& path, const std::string& dir);

/// Whether a process holds the lock of `dir` right now. Asks the operating system and takes
/// nothing, so a daemon that is starting is not disturbed. False when there is no lock file.
bool is_locked(const std::string& dir);

}  // namespace kv::tools
