// VersionEdit: one atomic change of the store's file set, as stored in the MANIFEST
// (engine/docs/manifest_format.md): a run of `tag varint32 | length varint32 | value`.
//
// Flushes and compactions fill one in and give it to Manifest::apply.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kv/status.h"
#include "version/file_meta.h"

namespace kv {

inline constexpr int kLevels = 7;
inline constexpr uint32_t kManifestFormatVersion = 1;

enum class EditTag : uint32_t {  // stored on disk, never renumber
    kFormatVersion = 1,
    kDatabaseId = 2,
    kSnapshotRecords = 3,
    kNextFileNumber = 4,
    kLastCreatedSegment = 5,
    kOldestSegment = 6,
    kFlushedSeqno = 7,
    kAddedFile = 8,
    kRemovedFile = 9,
    kAddedFileWithMore = 10,
};

struct AddedFile {
    int level = 0;
    FileMeta meta;
    bool operator==(const AddedFile&) const = default;
};
struct RemovedFile {
    int level = 0;
    uint64_t number = 0;
    bool operator==(const RemovedFile&) const = default;
};

struct VersionEdit {
    // Head of a MANIFEST; Manifest's own.
    std::optional<uint32_t> format_version;
    std::optional<uint64_t> database_id;
    std::optional<uint32_t> snapshot_records;  ///< First edit: how many records the snapshot has.
    std::optional<uint64_t> next_file_number;

    // The caller's. Unset: unchanged. None of them ever goes back.
    std::optional<uint64_t> last_created_segment;
    std::optional<uint64_t> oldest_segment;  ///< Segments before it are not needed any more.
    std::optional<Seqno> flushed_seqno;      ///< Every batch up to it is in tables.
    std::vector<AddedFile> added;
    /// Moving a table without rewriting it: removed from one level and added, with the same
    /// number, to another, in one edit.
    std::vector<RemovedFile> removed;

    void add(int level, FileMeta meta) { added.push_back({level, std::move(meta)}); }
    void remove(int level, uint64_t number) { removed.push_back({level, number}); }

    void encode(std::string& out) const;
    /// kCorruption: malformed, or fields that contradict each other. kUnsupported: a tag or format
    /// version that this program does not know, named in the message.
    static Status decode(Bytes bytes, VersionEdit& edit);
    bool operator==(const VersionEdit&) const = default;
};

}  // namespace kv
