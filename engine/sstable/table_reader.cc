// Opening a table and point reads.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/table_reader.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/coding.h"
#include "sstable/block.h"
#include "sstable/codec.h"
#include "sstable/properties.h"
#include "sstable/range_tombstone_block.h"

namespace kv {

using sstable::BlockHandle;
using sstable::BlockHit;
using sstable::kBlockTrailerBytes;
using sstable::kFooterBytes;

namespace {

// Enough for the whole tail of a table of a few megabytes; a larger one takes a second read.
constexpr uint64_t kFirstReadBytes = 32U << 10;

/// Of a block with its trailer.
Codec codec_of(Bytes stored) {
    return static_cast<Codec>(stored[stored.size() - kBlockTrailerBytes]);
}

std::string hex(uint64_t v) {
    char text[20];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(v));
    return text;
}

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

Status TableReader::corruption(uint64_t offset, std::string_view what) const {
    return Status::corruption(path_ + ": offset " + std::to_string(offset) + ": " +
                              std::string(what));
}

Status TableReader::read_range(uint64_t offset, size_t length, char* out) const {
    KV_ASSIGN_OR_RETURN(const size_t got, file_->read_at(offset, length, out));
    if (got == length) return Status::ok();
    return corruption(offset, "the file ends early: expected " + std::to_string(length) +
                                  " bytes, found " + std::to_string(got));
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
                                             hex(expected.checksum) + ", found " +
                                             hex(footer_.table_checksum));
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
        KV_RETURN_IF_ERROR(verify_block(stored, handle.offset));
        return codec_of(stored) == Codec::kNone
                   ? Status::ok()
                   : corruption(handle.offset, "a block that is no data block is compressed");
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
    if (footer_.index.size != 0 || data_end_ != 0)  // else: range tombstones only
        KV_RETURN_IF_ERROR(located(index_.load(bytes, data_end_), footer_.index));
    if (data_end_ != footer_.filter.offset)
        return corruption(footer_.properties.offset,
                          "data blocks and filter do not lie end to end");
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
    return Status::ok();
}

Status TableReader::load_range_tombstones(Bytes content) {
    std::vector<RangeTombstone> tombstones;
    KV_RETURN_IF_ERROR(sstable::decode_range_tombstones(content, tombstones));
    tombstone_count_ = tombstones.size();
    range_tombstones_ = RangeTombstoneSet::build(std::move(tombstones));
    return Status::ok();
}

Status TableReader::verify_block(Bytes stored, uint64_t offset) const {
    const Bytes content = stored.substr(0, stored.size() - kBlockTrailerBytes);
    const char* trailer = content.data() + content.size();
    const auto codec = static_cast<Codec>(trailer[0]);
    const uint64_t expected = load_fixed64(trailer + 1);
    const uint64_t found = sstable::block_checksum(content, codec, footer_.file_number, offset);
    if (expected != found) [[unlikely]]
        return corruption(
            offset, "block checksum mismatch: expected " + hex(expected) + ", found " + hex(found));
    if (!sstable::is_known_codec(static_cast<uint8_t>(codec))) [[unlikely]]
        return Status(Code::kUnsupported, path_ + ": offset " + std::to_string(offset) +
                                              ": block codec " +
                                              std::to_string(static_cast<int>(codec)) +
                                              ", this kvd reads codecs up to 2; use a newer kvd");
    return Status::ok();
}

Result<BlockRef> TableReader::unpack_block(Bytes stored, uint64_t offset) const {
    KV_RETURN_IF_ERROR(verify_block(stored, offset));
    const Codec codec = codec_of(stored);
    const Bytes packed = stored.substr(0, stored.size() - kBlockTrailerBytes);
    size_t size = 0;
    const char* problem = sstable::content_size(codec, packed, size);
    BlockRef block;
    if (problem == nullptr) {
        block = BlockRef::allocate(size);
        problem = sstable::decompress(codec, packed, block.mutable_data(), size);
    }
    if (problem != nullptr) return corruption(offset, problem);
    return block;
}

Result<BlockRef> TableReader::read_block(const BlockHandle& handle) const {
    const size_t stored_bytes = handle.size + kBlockTrailerBytes;
    BlockRef block = BlockRef::allocate(stored_bytes);
    KV_RETURN_IF_ERROR(read_range(handle.offset, stored_bytes, block.mutable_data()));
    if (codec_of(block.bytes()) != Codec::kNone) return unpack_block(block.bytes(), handle.offset);
    KV_RETURN_IF_ERROR(verify_block(block.bytes(), handle.offset));
    block.shrink(handle.size);
    return block;
}

Result<BlockRef> TableReader::read_data_block(size_t index_position, const ReadMode& mode,
                                              BlockCache::Use use, bool* from_cache) const {
    const BlockHandle handle = index_.handle(index_position);
    if (cache_ != nullptr) {
        BlockRef block = cache_->lookup(file_number(), handle.offset);
        if (from_cache != nullptr) *from_cache = static_cast<bool>(block);
        if (block) return block;
    }
    if (mode.cache_only) return Status(Code::kWouldBlock, path_ + ": a block is not in memory");
    if (from_cache != nullptr) *from_cache = false;
    KV_ASSIGN_OR_RETURN(BlockRef block, read_block(handle));
    if (cache_ == nullptr || !mode.fill_cache) return block;
    return cache_->insert(file_number(), handle.offset, std::move(block), use);
}

Status TableReader::get(Bytes user_key, uint64_t user_key_hash, Seqno seqno, const ReadMode& mode,
                        TableGet& out) const {
    out.found = false;
    if (!filter_.empty()) {
        ++out.filter_checks;
        if (!filter_.may_contain(user_key_hash)) {
            ++out.filter_skips;
            return Status::ok();
        }
    }
    const uint64_t trailer = pack_trailer(seqno, static_cast<Kind>(0xFF));
    for (size_t i = index_.find(user_key, trailer); i < index_.blocks(); ++i) {
        bool from_cache = false;
        KV_ASSIGN_OR_RETURN(BlockRef block,
                            read_data_block(i, mode, BlockCache::Use::kPoint, &from_cache));
        ++(from_cache ? out.cache_hits : out.disk_reads);
        const BlockHit hit =
            sstable::find_in_block(block.bytes(), user_key, user_key_hash, trailer);
        if (hit.result == BlockHit::Result::kProblem)
            return corruption(index_.handle(i).offset, hit.problem);
        if (hit.result == BlockHit::Result::kFound) {
            if (const char* problem = entry_problem(hit.trailer, hit.value); problem != nullptr)
                return corruption(index_.handle(i).offset, problem);
            out.found = true;
            out.kind = trailer_kind(hit.trailer);
            out.seqno = trailer_seqno(hit.trailer);
            out.value = hit.value;
            out.pin = std::move(block);
            return Status::ok();
        }
        // The key goes on in the next block only if it is that of the separator.
        if (user_key_of(index_.separator(i)) != user_key) return Status::ok();
    }
    return Status::ok();
}

uint64_t TableReader::approximate_offset(Bytes user_key) const {
    const size_t position = index_.find(user_key, 0);
    return position < index_.blocks() ? index_.handle(position).offset : data_end_;
}

size_t TableReader::memory_bytes() const {
    return index_.memory_bytes() + filter_.memory_bytes() +
           (range_tombstones_ == nullptr ? 0 : range_tombstones_->memory_bytes());
}

}  // namespace kv
