// What flush and compaction say about a table to be written, and what they learn about one that is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kv/types.h"

namespace kv {

/// Why a table was written.
enum class TableReason : uint8_t {  // stored on disk, never renumber
    kUnknown = 0,
    kFlush = 1,
    kCompaction = 2,
    kRecovery = 3,  ///< A flush during log replay.
    kRepair = 4,
};
std::string_view table_reason_name(TableReason reason);

/// How a data block is stored.
enum class Codec : uint8_t {  // stored on disk, never renumber
    kNone = 0,
    kLz4 = 1,
    kZstd = 2,
    kPadded = 3,  ///< As kNone, stretched to the end of a page. Nobody asks for it.
};
std::string_view codec_name(Codec codec);

struct TableOptions {
    /// A data block is closed once its content reaches this many bytes. From a page (4 KiB) on, and
    /// without a codec, it ends with the page that is nearest to that, where a little padding lets
    /// it: reading it then touches no page of its neighbours.
    uint32_t block_size_bytes = 4096;
    /// Entries between two restart points of a block. Larger is smaller on disk, slower to search.
    uint32_t restart_interval = 16;
    /// Filter bits a user key; 0 writes no filter.
    uint32_t bloom_bits_per_key = 10;
    /// For data blocks; one that it does not shrink by an eighth is stored as it is.
    Codec codec = Codec::kNone;
    /// An index or a filter larger than this is split into parts, which are read when they are
    /// needed. 256 KiB: then what stays in memory of a table is small beside its data.
    uint32_t partition_threshold_bytes = 256U << 10;
    TableReason reason = TableReason::kUnknown;
    /// Writeback is started each time this much has been written, so that the closing sync is
    /// short.
    uint32_t writeback_bytes = 1U << 20;
};

/// What a finished table holds. The first group is also stored inside the table.
struct TableProperties {
    uint64_t entries = 0;
    uint64_t tombstones = 0;
    uint64_t range_tombstones = 0;
    /// Internal keys around all entries and range tombstones; see make_exclusive_bound for what a
    /// range tombstone may make of the largest.
    std::string smallest;
    std::string largest;
    Seqno smallest_seqno = 0;
    Seqno largest_seqno = 0;
    uint64_t earliest_expiry_ms = 0;  ///< 0: no entry expires.
    uint64_t raw_key_bytes = 0;       ///< Internal keys before prefix compression.
    uint64_t raw_value_bytes = 0;
    uint64_t data_blocks = 0;
    uint64_t data_bytes = 0;     ///< Data blocks as stored, trailers included.
    uint64_t content_bytes = 0;  ///< Their contents before compression; 0 in version 1.
    Codec codec = Codec::kNone;  ///< That was asked for.
    TableReason reason = TableReason::kUnknown;

    uint64_t file_number = 0;
    uint64_t size_bytes = 0;  ///< Of the file.
    /// Over the checksums of all blocks; stored in the footer and in the MANIFEST.
    uint64_t checksum = 0;
};

}  // namespace kv
