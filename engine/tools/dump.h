// The dumps of kvtool: one file each, as text or as JSON lines, streamed, so that a file of any
// size needs the memory of one block or record. Nothing on the disk is changed.
//
// Each prints what is sound up to the first damage and then returns that damage as its Status.
// Caller: main.cc. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "kv/file_system.h"
#include "kv/status.h"

namespace kv::tools {

struct DumpOptions {
    bool json = false;
    /// Entries (sst), records (wal) or edits (manifest) to print; 0: all.
    uint64_t limit = 0;
    /// Bytes of a value to print as text; 0: all. JSON always has all.
    size_t value_limit = 0;
    /// sst: write each key as `key@seqno`. wal: leave out the mutations of each record.
    bool seqnos = false;
    bool headers_only = false;
    /// sst: print these instead of the entries.
    bool properties = false;
    bool blocks = false;
};

/// Range deletes of a table, `begin .. end †`, then its entries, one `key -> value` a line,
/// tombstones as `key †`. The file may have been renamed.
Status dump_sst(FileSystem& fs, const std::string& path, const DumpOptions& options,
                std::ostream& out);
/// Header of a log segment, then each commit group with its mutations, then how the segment ends.
/// The file may have been renamed.
Status dump_wal(FileSystem& fs, const std::string& path, const DumpOptions& options,
                std::ostream& out);
/// Edits of a MANIFEST. Its name must be MANIFEST-NUMBER: kInvalidArgument otherwise.
Status dump_manifest(FileSystem& fs, const std::string& path, const DumpOptions& options,
                     std::ostream& out);

}  // namespace kv::tools
