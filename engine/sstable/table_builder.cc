// Writing a table, front to back: data blocks, filter, properties, index, footer.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/table_builder.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"
#include "base/hash.h"
#include "kv/assert.h"
#include "record/internal_key.h"
#include "sstable/filter.h"
#include "sstable/index.h"
#include "sstable/properties.h"
#include "sstable/range_tombstone_block.h"
#include "sstable/table_format.h"

namespace kv {

namespace {

// A write of this size costs little a byte. Each but the last begins and ends at a multiple of it,
// so that the kernel can keep all of it as one folio, which later reads find without a walk.
constexpr size_t kBufferBytes = 256U << 10;
// Parts of an index or a filter, against the size from which it is split: 8 and 64 KiB.
constexpr uint32_t kIndexParts = 32;
constexpr uint32_t kSmallestIndexPartBytes = 256;  // or each names but a few blocks
constexpr uint32_t kFilterParts = 4;
constexpr Codec kPlainCodec = Codec::kNone;
// What the disk and the page cache read at once.
constexpr uint64_t kPageBytes = 4096;

}  // namespace

using sstable::BlockHandle;
using sstable::kBlockTrailerBytes;
using sstable::kMostPaddingBytes;

Result<std::unique_ptr<TableBuilder>> TableBuilder::create(FileSystem& fs, std::string path,
                                                           uint64_t file_number,
                                                           const TableOptions& options) {
    KV_ASSIGN_OR_RETURN(auto file, fs.create(path));
    return std::unique_ptr<TableBuilder>(
        new TableBuilder(fs, std::move(path), file_number, options, std::move(file)));
}

TableBuilder::TableBuilder(FileSystem& fs, std::string path, uint64_t file_number,
                           const TableOptions& options, std::unique_ptr<WritableFile> file)
    : fs_(fs),
      path_(std::move(path)),
      file_number_(file_number),
      options_(options),
      file_(std::move(file)),
      block_(options.restart_interval, sstable::BlockForm::kTagged),
      index_(options.restart_interval),
      compressor_(options.codec),
      fits_pages_(options.codec == Codec::kNone && options.block_size_bytes >= kPageBytes) {
    properties_.reason = options.reason;
    properties_.codec = options.codec;
    properties_.file_number = file_number;
}

Status TableBuilder::fail(Status status) {
    status_ = std::move(status);
    return status_;
}

Status TableBuilder::check_entry(Bytes internal_key, Bytes value) const {
    if (internal_key.size() < kTrailerBytes || internal_key.size() > kMaxKeyBytes + kTrailerBytes ||
        value.size() > kMaxValueBytes + kExpiryBytes)
        return Status::corruption(path_ + ": refused an entry with a key of " +
                                  std::to_string(internal_key.size()) + " and a value of " +
                                  std::to_string(value.size()) + " bytes");
    const Kind kind = trailer_kind(trailer_of(internal_key));
    if (!is_known_kind(static_cast<uint8_t>(kind)) ||
        (kind == Kind::kPutWithExpiry && value.size() < kExpiryBytes))
        return Status::corruption(path_ + ": refused an entry of unknown or damaged kind " +
                                  std::to_string(static_cast<int>(kind)) + ", key " +
                                  escape_bytes(user_key_of(internal_key), 64));
    if (!last_key_.empty() && compare_internal_keys(last_key_, internal_key) >= 0)
        return Status::corruption(
            path_ + ": entries out of order: " + escape_bytes(user_key_of(internal_key), 64) +
            " after " + escape_bytes(user_key_of(last_key_), 64));
    return Status::ok();
}

void TableBuilder::count_entry(Bytes internal_key, Bytes value) {
    const uint64_t trailer = trailer_of(internal_key);
    const Seqno seqno = trailer_seqno(trailer);
    TableProperties& p = properties_;
    if (p.entries == 0) {
        p.smallest.assign(internal_key);
        p.smallest_seqno = p.largest_seqno = seqno;
    }
    p.smallest_seqno = std::min(p.smallest_seqno, seqno);
    p.largest_seqno = std::max(p.largest_seqno, seqno);
    if (trailer_kind(trailer) == Kind::kDelete) ++p.tombstones;
    if (trailer_kind(trailer) == Kind::kPutWithExpiry) {
        const uint64_t expiry_ms = load_fixed64(value.data());
        if (p.earliest_expiry_ms == 0 || expiry_ms < p.earliest_expiry_ms)
            p.earliest_expiry_ms = expiry_ms;
    }
    p.raw_key_bytes += internal_key.size();
    p.raw_value_bytes += value.size();
    ++p.entries;
}

/// Where the data block would end, trailer included, with a content of this size.
uint64_t TableBuilder::stored_end(size_t content_size) const {
    return offset_ + content_size + kBlockTrailerBytes;
}

void TableBuilder::begin_data_block() {
    block_end_ = stored_end(options_.block_size_bytes);
    if (fits_pages_) block_end_ = (block_end_ + kPageBytes / 2) / kPageBytes * kPageBytes;
}

/// Whether the data block is to be closed before this entry.
bool TableBuilder::is_block_full(Bytes internal_key, Bytes value) const {
    const uint64_t end = stored_end(block_.size_bytes());
    if (end >= block_end_) return true;
    const uint64_t left = block_end_ - end;
    return fits_pages_ && left <= kMostPaddingBytes &&
           stored_end(block_.size_with(internal_key, value)) > block_end_;
}

Status TableBuilder::add(Bytes internal_key, Bytes value) {
    KV_RETURN_IF_ERROR(status_);
    if (Status checked = check_entry(internal_key, value); !checked.is_ok())
        return fail(std::move(checked));
    const Bytes user_key = user_key_of(internal_key);
    if (!block_.empty() && is_block_full(internal_key, value))
        KV_RETURN_IF_ERROR(close_data_block(&user_key));
    if (block_.empty()) begin_data_block();
    if (last_key_.empty() || user_key_of(last_key_) != user_key) {
        last_hash_ = hash64(user_key);
        if (options_.bloom_bits_per_key > 0) filter_.add(last_hash_);
    }
    block_.add(internal_key, value, sstable::tag_of(last_hash_));
    count_entry(internal_key, value);
    last_key_.assign(internal_key);
    return Status::ok();
}

Status TableBuilder::add_range_tombstone(const RangeTombstone& tombstone) {
    KV_RETURN_IF_ERROR(status_);
    if (const char* problem = sstable::range_tombstone_problem(tombstone); problem != nullptr)
        return fail(Status::corruption(path_ + ": refused a range tombstone: " + problem +
                                       ", from " + escape_bytes(tombstone.begin, 64) + " to " +
                                       escape_bytes(tombstone.end, 64)));
    tombstone_bytes_ += tombstone.begin.size() + tombstone.end.size() + 2 * kTrailerBytes;
    tombstones_.push_back(tombstone);
    return Status::ok();
}

/// `next_user_key`: of the entry that will begin the next block; null at the end of the table.
Status TableBuilder::close_data_block(const Bytes* next_user_key) {
    BlockHandle handle;
    const Bytes content = block_.finish();
    properties_.content_bytes += content.size();
    const uint64_t end = stored_end(content.size());
    Codec codec = compressor_.compress(content, stored_);
    if (next_user_key != nullptr && fits_pages_ && end < block_end_) {
        codec = Codec::kPadded;
        sstable::pad_content(content, block_end_ - end, stored_);
        has_padded_blocks_ = true;
    }
    KV_RETURN_IF_ERROR(
        write_block(codec == Codec::kNone ? content : Bytes(stored_), codec, handle));
    block_.reset();
    ++properties_.data_blocks;
    std::string separator;
    if (next_user_key != nullptr)
        sstable::append_separator(separator, last_key_, *next_user_key);
    else
        separator = last_key_;
    index_.add(separator, handle.size);
    return Status::ok();
}

/// `stored` is the content as `codec` made it.
Status TableBuilder::write_block(Bytes stored, Codec codec, BlockHandle& handle) {
    handle = {offset_, stored.size()};
    const uint64_t checksum = sstable::block_checksum(stored, codec, file_number_, handle.offset);
    put_fixed64(block_checksums_, checksum);
    buffer_.append(stored);
    sstable::append_block_trailer(buffer_, codec, checksum);
    offset_ = written_ + buffer_.size();
    return buffer_.size() < kBufferBytes
               ? Status::ok()
               : flush_buffer(buffer_.size() / kBufferBytes * kBufferBytes);
}

/// Writes the first `bytes` of the buffer.
Status TableBuilder::flush_buffer(size_t bytes) {
    if (Status wrote = file_->write_at(written_, Bytes(buffer_).substr(0, bytes)); !wrote.is_ok())
        return fail(std::move(wrote));
    written_ += bytes;
    buffer_.erase(0, bytes);
    if (written_ - writeback_started_ >= options_.writeback_bytes) {
        file_->start_writeback(writeback_started_, written_ - writeback_started_);
        writeback_started_ = written_;
    }
    return Status::ok();
}

/// Writes the pieces of a large filter, and gives what the filter block will hold.
Status TableBuilder::write_filter_pieces(std::string& filter) {
    using sstable::kFilterLineBytes;
    const Bytes lines = Bytes(filter).substr(0, filter.size() - sstable::kFilterTailBytes);
    const uint32_t piece_lines = std::max<uint32_t>(
        1, options_.partition_threshold_bytes / kFilterParts / uint32_t{kFilterLineBytes});
    for (size_t at = 0; at < lines.size(); at += piece_lines * kFilterLineBytes) {
        BlockHandle handle;
        KV_RETURN_IF_ERROR(
            write_block(lines.substr(at, piece_lines * kFilterLineBytes), kPlainCodec, handle));
    }
    filter = sstable::partitioned_filter(Bytes(filter).substr(lines.size()), piece_lines);
    return Status::ok();
}

/// The same for the index.
Status TableBuilder::write_index_partitions(std::string& index) {
    const auto partitions = index_.partitions(
        std::max(kSmallestIndexPartBytes, options_.partition_threshold_bytes / kIndexParts));
    for (const auto& partition : partitions) {
        BlockHandle handle;
        KV_RETURN_IF_ERROR(write_block(partition.content, kPlainCodec, handle));
    }
    index = index_.top(partitions);
    return Status::ok();
}

Status TableBuilder::write_tail() {
    sstable::Footer footer;
    footer.file_number = file_number_;
    properties_.data_bytes = offset_;
    std::string filter, index = index_.whole();
    if (!filter_.empty()) filter = filter_.finish(options_.bloom_bits_per_key);
    if (filter.size() > options_.partition_threshold_bytes)
        KV_RETURN_IF_ERROR(write_filter_pieces(filter));
    if (index.size() > options_.partition_threshold_bytes) {
        KV_RETURN_IF_ERROR(write_index_partitions(index));
        footer.flags |= sstable::kPartitionedIndexFlag;
    }
    footer.filter.offset = offset_;
    if (!filter.empty()) KV_RETURN_IF_ERROR(write_block(filter, kPlainCodec, footer.filter));
    if (!tombstones_.empty()) {
        const std::string content = sstable::encode_range_tombstones(tombstones_);
        BlockHandle handle;
        KV_RETURN_IF_ERROR(write_block(content, kPlainCodec, handle));
        footer.flags |= sstable::kRangeTombstonesFlag;
    }
    properties_.largest = last_key_;
    sstable::count_range_tombstones(tombstones_, properties_);
    KV_RETURN_IF_ERROR(
        write_block(sstable::encode_properties(properties_), kPlainCodec, footer.properties));
    KV_RETURN_IF_ERROR(write_block(index, kPlainCodec, footer.index));
    if (has_padded_blocks_) footer.flags |= sstable::kPaddedBlocksFlag;
    footer.table_checksum = sstable::table_checksum(block_checksums_, file_number_);
    sstable::append_footer(buffer_, footer, offset_);
    offset_ = written_ + buffer_.size();
    properties_.size_bytes = offset_;
    properties_.checksum = footer.table_checksum;
    return flush_buffer(buffer_.size());
}

Result<TableProperties> TableBuilder::finish() {
    KV_RETURN_IF_ERROR(status_);
    KV_ASSERT(file_ != nullptr && (properties_.entries > 0 || !tombstones_.empty()));
    if (properties_.entries > 0) KV_RETURN_IF_ERROR(close_data_block(nullptr));
    KV_RETURN_IF_ERROR(write_tail());
    if (Status synced = file_->sync(); !synced.is_ok()) return fail(std::move(synced));
    file_ = nullptr;
    return properties_;
}

Status TableBuilder::abandon() {
    file_ = nullptr;
    status_ = Status(Code::kCancelled, path_ + ": table abandoned");
    return fs_.remove(path_);
}

}  // namespace kv
