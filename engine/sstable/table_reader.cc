// Reading blocks and parts of index and filter; point reads.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/table_reader.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"
#include "sstable/block.h"
#include "sstable/codec.h"
#include "sstable/index_cursor.h"

namespace kv {

using sstable::BlockHandle;
using sstable::BlockHit;
using sstable::kBlockTrailerBytes;

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

Status TableReader::verify_block(Bytes stored, uint64_t offset) const {
    const Bytes content = stored.substr(0, stored.size() - kBlockTrailerBytes);
    const char* trailer = content.data() + content.size();
    const auto codec = static_cast<Codec>(trailer[0]);
    const uint64_t expected = load_fixed64(trailer + 1);
    const uint64_t found = sstable::block_checksum(content, codec, footer_.file_number, offset);
    if (expected != found) [[unlikely]]
        return corruption(offset, "block checksum mismatch: expected " + sstable::hex64(expected) +
                                      ", found " + sstable::hex64(found));
    if (!sstable::is_known_codec(static_cast<uint8_t>(codec))) [[unlikely]]
        return Status(Code::kUnsupported, path_ + ": offset " + std::to_string(offset) +
                                              ": block codec " +
                                              std::to_string(static_cast<int>(codec)) +
                                              ", this kvd reads codecs up to 2; use a newer kvd");
    return Status::ok();
}

Status TableReader::verify_plain_block(Bytes stored, uint64_t offset) const {
    KV_RETURN_IF_ERROR(verify_block(stored, offset));
    if (sstable::stored_codec(stored) == Codec::kNone) return Status::ok();
    return corruption(offset, "a block that is no data block is compressed");
}

Result<BlockRef> TableReader::unpack_block(Bytes stored, uint64_t offset) const {
    KV_RETURN_IF_ERROR(verify_block(stored, offset));
    const Codec codec = sstable::stored_codec(stored);
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
    if (sstable::stored_codec(block.bytes()) != Codec::kNone)
        return unpack_block(block.bytes(), handle.offset);
    KV_RETURN_IF_ERROR(verify_block(block.bytes(), handle.offset));
    block.shrink(handle.size);
    return block;
}

Result<BlockRef> TableReader::read_data_block(const BlockHandle& handle, const ReadMode& mode,
                                              BlockCache::Use use, bool* from_cache) const {
    if (cache_ != nullptr) {
        BlockRef block = cache_->lookup(file_number(), handle.offset, use);
        if (from_cache != nullptr) *from_cache = static_cast<bool>(block);
        if (block) return block;
    }
    if (mode.cache_only) return Status(Code::kWouldBlock, path_ + ": a block is not in memory");
    if (from_cache != nullptr) *from_cache = false;
    KV_ASSIGN_OR_RETURN(BlockRef block, read_block(handle));
    if (cache_ == nullptr || !mode.fill_cache) return block;
    return cache_->insert(file_number(), handle.offset, std::move(block), use);
}

/// Finds a part of index or filter in the cache, or reads it and lets `prepare` make of its content
/// what is kept.
template <typename Prepare>
Result<BlockRef> TableReader::read_part(const BlockHandle& handle, const ReadMode& mode,
                                        const Prepare& prepare) const {
    if (cache_ != nullptr) {
        BlockRef part = cache_->lookup(file_number(), handle.offset, BlockCache::Use::kIndex);
        if (part) return part;
    }
    if (mode.cache_only)
        return Status(Code::kWouldBlock, path_ + ": a part of index or filter is not in memory");
    std::string stored(handle.size + kBlockTrailerBytes, '\0');
    KV_RETURN_IF_ERROR(read_range(handle.offset, stored.size(), stored.data()));
    KV_RETURN_IF_ERROR(verify_plain_block(stored, handle.offset));
    stored.resize(handle.size);
    KV_ASSIGN_OR_RETURN(BlockRef part, prepare(stored));
    if (cache_ == nullptr || !mode.fill_cache) return part;
    return cache_->insert(file_number(), handle.offset, std::move(part), BlockCache::Use::kIndex);
}

Result<BlockRef> TableReader::read_index_partition(size_t partition, const ReadMode& mode) const {
    const BlockHandle handle = index_.view().handle(partition);
    return read_part(handle, mode, [&](Bytes content) -> Result<BlockRef> {
        const sstable::Index::Span& span = index_.span(partition);
        std::string packed;
        const Status status = sstable::pack_index(content, footer_.format_version, span.data_begin,
                                                  span.data_end, packed);
        if (!status.is_ok()) return corruption(handle.offset, status.message());
        const sstable::IndexView view(packed);
        const bool follows =
            partition == 0 ||
            compare_internal_keys(index_.view().separator(partition - 1), view.separator(0)) < 0;
        if (view.blocks() != span.blocks || !follows ||
            view.separator(view.blocks() - 1) != index_.view().separator(partition))
            return corruption(handle.offset, "an index partition is not the one meant");
        BlockRef part = BlockRef::allocate(packed.size());
        packed.copy(part.mutable_data(), packed.size());
        return part;
    });
}

namespace {

/// Where the lines of a filter piece begin in its block: at the next cache line.
size_t aligned_start(const char* data) {
    return -reinterpret_cast<uintptr_t>(data) % sstable::kFilterLineBytes;
}

}  // namespace

Result<bool> TableReader::filter_passes(uint64_t user_key_hash, const ReadMode& mode) const {
    if (!filter_.is_partitioned()) return filter_.may_contain(user_key_hash);
    const BlockHandle handle = filter_.piece(filter_.piece_of(user_key_hash), data_end_);
    KV_ASSIGN_OR_RETURN(
        const BlockRef part, read_part(handle, mode, [&](Bytes lines) -> Result<BlockRef> {
            BlockRef piece = BlockRef::allocate(lines.size() + sstable::kFilterLineBytes);
            lines.copy(piece.mutable_data() + aligned_start(piece.mutable_data()), lines.size());
            return piece;
        }));
    const Bytes lines = part.bytes().substr(aligned_start(part.bytes().data()), handle.size);
    return filter_.piece_may_contain(lines, user_key_hash);
}

Status TableReader::get(Bytes user_key, uint64_t user_key_hash, Seqno seqno, const ReadMode& mode,
                        TableGet& out) const {
    out.found = false;
    if (!filter_.empty()) {
        ++out.filter_checks;
        KV_ASSIGN_OR_RETURN(const bool passes, filter_passes(user_key_hash, mode));
        if (!passes) {
            ++out.filter_skips;
            return Status::ok();
        }
    }
    const uint64_t trailer = pack_trailer(seqno, static_cast<Kind>(0xFF));
    IndexCursor cursor(*this);
    KV_RETURN_IF_ERROR(cursor.seek(user_key, trailer, mode));
    while (cursor.valid()) {
        const BlockHandle handle = cursor.handle();
        bool from_cache = false;
        KV_ASSIGN_OR_RETURN(BlockRef block,
                            read_data_block(handle, mode, BlockCache::Use::kPoint, &from_cache));
        ++(from_cache ? out.cache_hits : out.disk_reads);
        const BlockHit hit =
            sstable::find_in_block(block.bytes(), user_key, user_key_hash, trailer);
        if (hit.result == BlockHit::Result::kProblem) return corruption(handle.offset, hit.problem);
        if (hit.result == BlockHit::Result::kFound) {
            if (const char* problem = entry_problem(hit.trailer, hit.value); problem != nullptr)
                return corruption(handle.offset, problem);
            out.found = true;
            out.kind = trailer_kind(hit.trailer);
            out.seqno = trailer_seqno(hit.trailer);
            out.value = hit.value;
            out.pin = std::move(block);
            return Status::ok();
        }
        // The key goes on in the next block only if it is that of the separator.
        if (user_key_of(cursor.separator()) != user_key) return Status::ok();
        KV_RETURN_IF_ERROR(cursor.next(mode));
    }
    return Status::ok();
}

uint64_t TableReader::approximate_offset(Bytes user_key) const {
    const sstable::IndexView& view = index_.view();
    const size_t position = view.find(user_key, 0);
    if (position >= view.blocks()) return data_end_;
    return index_.is_partitioned() ? index_.span(position).data_begin
                                   : view.handle(position).offset;
}

size_t TableReader::memory_bytes() const {
    return index_.memory_bytes() + filter_.memory_bytes() +
           (range_tombstones_ == nullptr ? 0 : range_tombstones_->memory_bytes());
}

}  // namespace kv
