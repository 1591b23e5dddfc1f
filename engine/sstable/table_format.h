// The fixed numbers of a table file and its footer: engine/docs/sstable_format.md is the text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/bytes.h"
#include "kv/result.h"
#include "sstable/table_options.h"

namespace kv::sstable {

// All of these are stored on disk, never renumber.
inline constexpr uint64_t kTableMagic = 0x3154'5353'6476'6b89ULL;  // bytes 89 'k' 'v' 'd' "SST1"
inline constexpr uint32_t kTableFormatVersion = 2;  // what is written; all before it are read
// Feature bits of a table; one with any other is refused.
inline constexpr uint32_t kRangeTombstonesFlag = 1;   // a block of them lies behind the filter
inline constexpr uint32_t kPartitionedIndexFlag = 2;  // the index block names index blocks
inline constexpr uint32_t kPaddedBlocksFlag = 4;      // some data blocks are padded
inline constexpr uint32_t kKnownTableFlags =
    kRangeTombstonesFlag | kPartitionedIndexFlag | kPaddedBlocksFlag;

inline constexpr size_t kBlockTrailerBytes = 9;  // codec, checksum
inline constexpr size_t kFooterBytes = 88;

/// Where a block's content lies; its trailer follows at offset + size.
struct BlockHandle {
    uint64_t offset = 0;
    uint64_t size = 0;
    uint64_t end() const { return offset + size + kBlockTrailerBytes; }
};

struct Footer {
    BlockHandle index;
    BlockHandle filter;  ///< size 0: the table has none.
    BlockHandle properties;
    uint64_t file_number = 0;
    uint64_t table_checksum = 0;
    uint32_t format_version = kTableFormatVersion;
    uint32_t flags = 0;
};

/// The checksum in the trailer of a block that holds `content` at `offset` of file `file_number`.
uint64_t block_checksum(Bytes content, Codec codec, uint64_t file_number, uint64_t offset);
void append_block_trailer(std::string& out, Codec codec, uint64_t checksum);
/// The codec that a block with its trailer names.
inline Codec stored_codec(Bytes stored) {
    return static_cast<Codec>(stored[stored.size() - kBlockTrailerBytes]);
}
/// For messages.
std::string hex64(uint64_t v);

/// `footer_offset` is where the footer begins in the file.
void append_footer(std::string& out, const Footer& footer, uint64_t footer_offset);
/// `bytes` are the last kFooterBytes of a file. kCorruption without a file name (the caller knows
/// it); kUnsupported naming both versions when a newer kvd wrote it.
Result<Footer> parse_footer(Bytes bytes, uint64_t footer_offset);

/// The checksum of a table, from the checksums (8 bytes each) of all its blocks in file order.
uint64_t table_checksum(Bytes block_checksums, uint64_t file_number);

}  // namespace kv::sstable
