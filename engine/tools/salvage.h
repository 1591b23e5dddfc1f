// What repair saves from single files: the readable part of a table, the valid records of the log.
// Nothing here changes the directory it reads from.
// Caller: repair.cc. Thread rule: plain functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kv/file_system.h"
#include "kv/result.h"
#include "record/range_tombstones.h"
#include "version/file_meta.h"
#include "version/manifest_reader.h"

namespace kv::tools {

/// Something that was there once and is not in the copy.
struct Loss {
    std::string file;     ///< Name within the directory.
    uint64_t offset = 0;  ///< Of the bytes, where the file is there.
    uint64_t bytes = 0;   ///< 0: unknown, or the file is missing.
    /// User keys around what is lost, both inclusive; nullopt: nobody knows.
    std::optional<std::string> first_key, last_key;
    /// The mutations that are lost, both inclusive; 0: nobody knows.
    Seqno first_seqno = 0, last_seqno = 0;
    uint64_t entries = 0;  ///< 0: nobody knows.
    std::string what;      ///< In words.
};

/// A file in memory, zeros where the disk could not give its bytes.
struct FileImage {
    std::string bytes;
    struct Hole {
        uint64_t offset, length;
    };
    std::vector<Hole> holes;
};
Result<FileImage> read_image(FileSystem& fs, const std::string& path);

struct SalvagedTable {
    enum class How : uint8_t { kCopied, kRewritten, kLost };
    How how = How::kLost;
    std::optional<FileMeta> meta;  ///< Of the new table; nullopt: nothing was readable.
    std::vector<Loss> losses;
};

/// Writes to `out` what is readable of table `number` of `dir`, under the same number. `listed` is
/// what the MANIFEST says of it, or null. Errors are about writing, or kUnsupported.
Result<SalvagedTable> salvage_table(FileSystem& fs, const std::string& dir, const std::string& out,
                                    uint64_t number, const FileMeta* listed);

/// A data block found without an index, or the block of range tombstones.
struct CarvedBlock {
    uint64_t offset = 0;
    std::string content;  ///< Decompressed.
};
struct CarvedTable {
    std::vector<CarvedBlock> blocks;
    std::vector<RangeTombstone> tombstones;
    std::vector<Loss> losses;
};
/// Finds the data blocks of a table whose tail is damaged or missing, all that are whole, also
/// behind damage of any length. Their contents say where they may end, and a checksum there proves
/// it. The time grows with the size of the table alone. `has_tombstones`: the MANIFEST says that it
/// has some of ranges, which are a loss if they are not found.
CarvedTable carve_table(const FileImage& image, const std::string& name, uint64_t number,
                        bool has_tombstones);

struct LogSalvage {
    uint64_t segments = 0, batches = 0;
    Seqno last_seqno = 0;
    uint64_t database_id = 0;  ///< From the segments' headers; 0: none was readable.
    std::vector<Loss> losses;
    std::vector<std::string> notes;
};
using OpsCallback = std::function<Status(Seqno first_seqno, Bytes ops)>;
/// Gives every valid batch of segments `numbers` (ascending) above `flushed_seqno`, in order, to
/// `on_batch`, also those behind damage; not those behind a torn tail, which recovery would cut,
/// and not those of another database. `counters`: of the MANIFEST, or null. Errors are those of
/// `on_batch`.
Result<LogSalvage> salvage_log(FileSystem& fs, const std::string& dir,
                               const std::vector<uint64_t>& numbers,
                               const ManifestCounters* counters, const OpsCallback& on_batch);

}  // namespace kv::tools
