// Reading a MANIFEST: edit by edit (kvtool, tests) or all that it amounts to (Manifest::open).
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "kv/file_system.h"
#include "kv/result.h"
#include "record/log_record_reader.h"
#include "version/version_edit.h"

namespace kv {

/// The counters the MANIFEST keeps, as of the last durable edit.
struct ManifestCounters {
    uint64_t database_id = 0;
    uint64_t next_file_number = 1;  ///< Tables and MANIFESTs.
    uint64_t last_created_segment = 0;
    uint64_t oldest_segment = 1;
    Seqno flushed_seqno = 0;
};

/// Takes the edit's counters over. kCorruption when one of them would go back, or the oldest
/// segment needed was never created.
Status advance_counters(const VersionEdit& edit, ManifestCounters& counters);

class ManifestReader {
  public:
    /// kNotFound when the file is missing.
    static Result<ManifestReader> open(FileSystem& fs, const std::string& dir, uint64_t number);

    /// True with the next edit; false at the end: see end(). kCorruption and kUnsupported name file
    /// and offset. A snapshot that is not complete is corruption: CURRENT names a MANIFEST only
    /// after its snapshot is durable.
    Result<bool> next(VersionEdit& edit);
    /// Where the edit that next() returned starts.
    uint64_t edit_offset() const { return records_.record_offset(); }
    const LogEnd& end() const { return records_.end(); }
    /// Records of the snapshot; known after the first edit.
    uint32_t snapshot_records() const { return snapshot_records_; }

  private:
    ManifestReader(std::shared_ptr<RandomAccessFile> file, std::string path, uint64_t number);
    Status check_head(const VersionEdit& edit);
    Status fault(uint64_t offset, const Status& status) const;

    std::string path_;
    LogRecordReader records_;
    uint64_t edits_ = 0;
    uint32_t snapshot_records_ = 0;
};

/// All edits of a MANIFEST put together.
struct ManifestContents {
    ManifestCounters counters;
    std::map<uint64_t, AddedFile> files;  ///< By number.
    std::set<uint64_t> removed;           ///< Tables that an edit here took away for good.
    LogEnd end;
};
/// kCorruption when an edit removes a table that is not there or adds one that is, or counters
/// contradict the tables.
Result<ManifestContents> load_manifest(FileSystem& fs, const std::string& dir, uint64_t number);

}  // namespace kv
