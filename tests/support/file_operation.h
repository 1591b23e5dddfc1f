// What CrashFileSystem counts, reports and fails: one call on a file or directory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kv::test {

enum class OpKind : uint8_t {
    kCreate,
    kOpenWritable,
    kOpen,
    kRead,
    kWrite,
    kSync,
    kPreallocate,
    kTruncate,
    kList,
    kExists,
    kFileSize,
    kCreateDir,
    kRename,
    kLink,
    kRemove,
    kSyncDir,
    kFreeBytes,
    kLock,
};

/// "create", "open_writable", "read", "sync_dir" and so on.
std::string_view op_name(OpKind kind);
/// Whether the operation may change the disk.
bool is_mutating(OpKind kind);

struct Operation {
    uint64_t index = 0;  ///< Position among all operations of its file system, from 0.
    OpKind kind = OpKind::kRead;
    std::string path;    ///< Without leading slash: "db/000001.wal".
    std::string target;  ///< kRename and kLink only.
    uint64_t offset = 0;
    uint64_t length = 0;
};

/// "write db/000001.wal", "rename db/a -> db/b": kind and names, no numbers.
std::string to_string(const Operation& operation);

enum class Fault : uint8_t {
    kNone,
    kEio,         ///< kIoError from whatever operation it meets. A sync fails as kSyncFails does.
    kEnospc,      ///< kNoSpace from create, write, preallocate, rename, create_dir and sync.
    kShortWrite,  ///< A write stores its first half, then reports kIoError.
    kSyncFails,   ///< kIoError from sync and sync_dir; the data follows set_failed_sync().
    kReadEio,     ///< kIoError from reading file content.
};

/// Whether `fault` can happen to an operation of that kind.
bool can_hit(Fault fault, OpKind kind);

}  // namespace kv::test
