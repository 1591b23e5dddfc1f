// Names of operations, and which fault fits which.
// SPDX-License-Identifier: Apache-2.0
#include "support/file_operation.h"

namespace kv::test {

std::string_view op_name(OpKind kind) {
    switch (kind) {
        case OpKind::kCreate:
            return "create";
        case OpKind::kOpenWritable:
            return "open_writable";
        case OpKind::kOpen:
            return "open";
        case OpKind::kRead:
            return "read";
        case OpKind::kWrite:
            return "write";
        case OpKind::kSync:
            return "sync";
        case OpKind::kPreallocate:
            return "preallocate";
        case OpKind::kTruncate:
            return "truncate";
        case OpKind::kList:
            return "list";
        case OpKind::kExists:
            return "exists";
        case OpKind::kFileSize:
            return "file_size";
        case OpKind::kCreateDir:
            return "create_dir";
        case OpKind::kRename:
            return "rename";
        case OpKind::kLink:
            return "link";
        case OpKind::kRemove:
            return "remove";
        case OpKind::kSyncDir:
            return "sync_dir";
        case OpKind::kFreeBytes:
            return "free_bytes";
        case OpKind::kLock:
            return "lock";
    }
    return "unknown";
}

bool is_mutating(OpKind kind) {
    switch (kind) {
        case OpKind::kCreate:
        case OpKind::kWrite:
        case OpKind::kSync:
        case OpKind::kPreallocate:
        case OpKind::kTruncate:
        case OpKind::kCreateDir:
        case OpKind::kRename:
        case OpKind::kLink:
        case OpKind::kRemove:
        case OpKind::kSyncDir:
        case OpKind::kLock:
            return true;
        default:
            return false;
    }
}

std::string to_string(const Operation& operation) {
    std::string text(op_name(operation.kind));
    text += ' ' + operation.path;
    if (!operation.target.empty()) text += " -> " + operation.target;
    return text;
}

bool can_hit(Fault fault, OpKind kind) {
    switch (fault) {
        case Fault::kNone:
            return false;
        case Fault::kEio:
            return true;
        case Fault::kEnospc:
            return kind == OpKind::kCreate || kind == OpKind::kWrite ||
                   kind == OpKind::kPreallocate || kind == OpKind::kRename ||
                   kind == OpKind::kCreateDir || kind == OpKind::kSync;
        case Fault::kShortWrite:
            return kind == OpKind::kWrite;
        case Fault::kSyncFails:
            return kind == OpKind::kSync || kind == OpKind::kSyncDir;
        case Fault::kReadEio:
            return kind == OpKind::kRead;
    }
    return false;
}

}  // namespace kv::test
