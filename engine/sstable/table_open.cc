// Opening a table: its footer and all that stays in memory.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "sstable/properties.h"
#include "sstable/range_tombstone_block.h"
#include "sstable/table_reader.h"

namespace kv {

using sstable::BlockHandle;
using sstable::kBlockTrailerBytes;
using sstable::kFooterBytes;

namespace {

// Enough for the whole tail of a table of a few megabytes; a larger one takes a second read.
constexpr uint64_t kFirstReadBytes = 32U << 10;

}  // namespace

Result<std::shared_ptr<TableReader>> TableReader::open(FileSystem& fs, const std::string& path,
                                                       uint64_t file_number, BlockCache* cache,
                                                       const TableExpectation& expected) {
    std::shared_ptr<TableReader> reader(new TableReader);
    reader->path_ = path;
    reader->cache_ = cache;
    KV_ASSIGN_OR_RETURN(reader->file_, fs.open(path));
    KV_RETURN_IF_ERROR(reader->load(file_number, expected));
    return reader;
}

Status TableReader::load(uint64_t file_number, const TableExpectation& expected) {
    KV_ASSIGN_OR_RETURN(const uint64_t size, file_->size());
    if (expected.size_bytes != 0 && size != expected.size_bytes)
        return Status::corruption(path_ + ": the file has " + std::to_string(size) +
                                  " bytes, the MANIFEST says " +
                                  std::to_string(expected.size_bytes));
    if (size < kFooterBytes)
        return Status::corruption(path_ + ": the file has " + std::to_string(size) +
                                  " bytes, too few for a table");
    uint64_t tail_offset = size - std::min(size, kFirstReadBytes);
    std::string tail(size - tail_offset, '\0');
    KV_RETURN_IF_ERROR(read_range(tail_offset, tail.size(), tail.data()));
    KV_RETURN_IF_ERROR(load_footer(file_number, size, tail, expected));
    if (footer_.filter.offset < tail_offset) {
        std::string front(tail_offset - footer_.filter.offset, '\0');
        KV_RETURN_IF_ERROR(read_range(footer_.filter.offset, front.size(), front.data()));
        tail_offset = footer_.filter.offset;
        tail.insert(0, front);
    }
    properties_.file_number = file_number;
    properties_.size_bytes = size;
    properties_.checksum = footer_.table_checksum;
    return load_blocks(tail, tail_offset);
}

Status TableReader::load_footer(uint64_t file_number, uint64_t file_size, Bytes tail,
                                const TableExpectation& expected) {
    const uint64_t footer_offset = file_size - kFooterBytes;
    auto parsed = sstable::parse_footer(tail.substr(tail.size() - kFooterBytes), footer_offset);
    if (!parsed.is_ok()) return parsed.status().with_context(path_);
    footer_ = *parsed;
    if (footer_.file_number != file_number)
        return corruption(footer_offset, "the file was written as table " +
                                             std::to_string(footer_.file_number) +
                                             ", expected table " + std::to_string(file_number));
    if (expected.checksum != 0 && footer_.table_checksum != expected.checksum)
        return corruption(footer_offset, "table checksum: the MANIFEST says " +
                                             sstable::hex64(expected.checksum) + ", found " +
                                             sstable::hex64(footer_.table_checksum));
    // Every byte of the file belongs to exactly one block or the footer.
    for (const BlockHandle& handle : {footer_.filter, footer_.properties, footer_.index})
        if (handle.offset > file_size || handle.size > file_size)
            return corruption(footer_offset, "a block lies outside of the file");
    const BlockHandle& filter = footer_.filter;
    const uint64_t filter_end = filter.size == 0 ? filter.offset : filter.end();
    const bool has_tombstones = (footer_.flags & sstable::kRangeTombstonesFlag) != 0;
    const bool end_to_end = has_tombstones
                                ? footer_.properties.offset > filter_end + kBlockTrailerBytes &&
                                      filter.offset <= filter_end
                                : footer_.properties.offset == filter_end;
    if (!end_to_end || footer_.index.offset != footer_.properties.end() ||
        footer_.index.end() != footer_offset)
        return corruption(footer_offset, "filter, properties and index do not lie end to end");
    return Status::ok();
}

/// Where the block of range tombstones lies; size 0 without one.
sstable::BlockHandle TableReader::range_tombstone_handle() const {
    const BlockHandle& filter = footer_.filter;
    const uint64_t begin = filter.size == 0 ? filter.offset : filter.end();
    if (begin == footer_.properties.offset) return {begin, 0};
    return {begin, footer_.properties.offset - begin - kBlockTrailerBytes};
}

Status TableReader::load_blocks(Bytes tail, uint64_t tail_offset) {
    const auto content = [&](const BlockHandle& handle, Bytes& out) {
        const Bytes stored =
            tail.substr(handle.offset - tail_offset, handle.size + kBlockTrailerBytes);
        out = stored.substr(0, handle.size);
        return verify_plain_block(stored, handle.offset);
    };
    const auto located = [&](const Status& status, const BlockHandle& handle) {
        return status.with_context(path_ + ": offset " + std::to_string(handle.offset));
    };
    Bytes bytes;
    if (footer_.filter.size != 0) {
        KV_RETURN_IF_ERROR(content(footer_.filter, bytes));
        KV_RETURN_IF_ERROR(located(filter_.load(bytes), footer_.filter));
    }
    KV_RETURN_IF_ERROR(content(footer_.properties, bytes));
    KV_RETURN_IF_ERROR(
        located(sstable::decode_properties(bytes, footer_.format_version, properties_),
                footer_.properties));
    KV_RETURN_IF_ERROR(content(footer_.index, bytes));
    data_end_ = footer_.format_version == 1 ? footer_.filter.offset : properties_.data_bytes;
    KV_RETURN_IF_ERROR(located(load_index(bytes), footer_.index));
    const BlockHandle tombstones = range_tombstone_handle();
    if (tombstones.size != 0) {
        KV_RETURN_IF_ERROR(content(tombstones, bytes));
        KV_RETURN_IF_ERROR(located(load_range_tombstones(bytes), tombstones));
    }
    if (properties_.range_tombstones != tombstone_count_)
        return corruption(tombstones.offset, "range tombstones: expected " +
                                                 std::to_string(properties_.range_tombstones) +
                                                 ", found " + std::to_string(tombstone_count_));
    if (index_.blocks() != properties_.data_blocks ||
        (index_.blocks() == 0 && range_tombstones_ == nullptr))
        return corruption(footer_.index.offset, "the index names " +
                                                    std::to_string(index_.blocks()) +
                                                    " data blocks, the properties " +
                                                    std::to_string(properties_.data_blocks));
    held_parts_.open(cache_, index_parts() + (filter_.is_partitioned() ? filter_.pieces() : 0));
    return Status::ok();
}

/// `content` of the index block. Pieces of the filter lie behind the data blocks, partitions of the
/// index behind them, and then the filter block.
Status TableReader::load_index(Bytes content) {
    const uint64_t parts_end = footer_.filter.offset;
    uint64_t pieces_end = data_end_;
    if (data_end_ <= parts_end && filter_.is_partitioned())
        pieces_end = filter_.piece(filter_.pieces() - 1, data_end_).end();
    if ((footer_.flags & sstable::kPartitionedIndexFlag) != 0 && pieces_end < parts_end)
        return index_.load_partitioned(content, pieces_end, parts_end, data_end_);
    if (pieces_end != parts_end)
        return Status::corruption("data blocks and filter do not lie end to end");
    if (content.empty() && data_end_ == 0) return Status::ok();  // range tombstones only
    return index_.load(content, footer_.format_version, data_end_);
}

Status TableReader::load_range_tombstones(Bytes content) {
    std::vector<RangeTombstone> tombstones;
    KV_RETURN_IF_ERROR(sstable::decode_range_tombstones(content, tombstones));
    tombstone_count_ = tombstones.size();
    range_tombstones_ = RangeTombstoneSet::build(std::move(tombstones));
    return Status::ok();
}

}  // namespace kv
