// Where the parts of a table come from: the cache, or the disk, verified and made what is kept.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "sstable/block_layout.h"
#include "sstable/codec.h"
#include "sstable/ordered_block.h"
#include "sstable/table_reader.h"

namespace kv {

using sstable::kBlockTrailerBytes;

namespace {

/// Larger data blocks are kept as they are: they have few entries, or large ones, and a copy of
/// them takes time.
constexpr size_t kLargestOrderedBytes = 64U << 10;

bool is_ordered_when_kept(const TablePart& part) {
    return part.stored_bytes() <= kLargestOrderedBytes;
}

/// Where the lines of a filter piece begin in its block: at the next cache line.
size_t aligned_start(const char* data) {
    return -reinterpret_cast<uintptr_t>(data) % sstable::kFilterLineBytes;
}

}  // namespace

BlockRef TableReader::find_part(const TablePart& part) const {
    if (cache_ == nullptr) return {};
    if (part.kind == TablePart::Kind::kDataBlock)
        return cache_->lookup(file_number(), part.handle.offset, part.use);
    const bool of_filter = part.kind == TablePart::Kind::kFilterPiece;
    const size_t place = part.number + (of_filter ? index_parts() : 0);
    if (BlockRef held = held_parts_.find(place)) return held;
    BlockRef found = cache_->lookup(file_number(), part.handle.offset, part.use);
    if (found) held_parts_.hold(place, found);
    return found;
}

void TableReader::prefetch_filter(uint64_t user_key_hash) const {
    if (filter_.empty() || hit_streak_.is_long()) return;
    if (!filter_.is_partitioned()) return filter_.prefetch({}, user_key_hash);
    const size_t piece = filter_.piece_of(user_key_hash);
    const BlockRef held = held_parts_.find(index_parts() + piece);
    if (!held) return;
    filter_.prefetch(
        filter_lines(held, TablePart::filter_piece(filter_.piece(piece, data_end_), piece)),
        user_key_hash);
}

size_t TableReader::index_parts() const {
    return index_.is_partitioned() ? index_.view().blocks() : 0;
}

Status TableReader::part_is_missing(const TablePart& part) const {
    const bool is_data = part.kind == TablePart::Kind::kDataBlock;
    return {Code::kWouldBlock,
            path_ + (is_data ? ": a block" : ": a part of index or filter") + " is not in memory"};
}

Result<BlockRef> TableReader::read_part(const TablePart& part, const ReadMode& mode,
                                        bool* from_cache) const {
    BlockRef found = find_part(part);
    if (from_cache != nullptr) *from_cache = static_cast<bool>(found);
    if (found) return found;
    if (mode.cache_only) return part_is_missing(part);
    const bool keep = is_kept(part, mode);
    // What is kept as it is stored is read to where it stays.
    const bool stays = keep && part.kind == TablePart::Kind::kDataBlock &&
                       !is_ordered_when_kept(part) && properties_.codec == Codec::kNone;
    BlockRef stored =
        stays ? allocate_part(part.stored_bytes()) : BlockRef::scratch(part.stored_bytes());
    KV_RETURN_IF_ERROR(read_range(part.handle.offset, part.stored_bytes(), stored.mutable_data()));
    return admit(part, std::move(stored), keep);
}

bool TableReader::is_kept(const TablePart& part, const ReadMode& mode) const {
    if (cache_ == nullptr || !mode.fill_cache) return false;
    return mode.keep_all || cache_->is_worth_keeping(file_number(), part.handle.offset, part.use);
}

Result<BlockRef> TableReader::admit(const TablePart& part, BlockRef stored, bool keep) const {
    KV_ASSIGN_OR_RETURN(BlockRef block, prepare_part(part, std::move(stored), keep));
    if (!keep) return block;
    return cache_->insert(file_number(), part.handle.offset, std::move(block), part.use);
}

/// Verified and in the form that is kept.
Result<BlockRef> TableReader::prepare_part(const TablePart& part, BlockRef stored,
                                           bool keep) const {
    const uint64_t offset = part.handle.offset;
    if (part.kind == TablePart::Kind::kDataBlock)
        return prepare_data(part, std::move(stored), keep);
    KV_RETURN_IF_ERROR(verify_plain_block(stored.bytes(), offset));
    const Bytes content = stored.bytes().substr(0, part.handle.size);
    if (part.kind == TablePart::Kind::kFilterPiece) return aligned_lines(content);
    return prepare_index_partition(part, content);
}

Result<BlockRef> TableReader::prepare_data(const TablePart& part, BlockRef stored,
                                           bool keep) const {
    const uint64_t offset = part.handle.offset;
    const bool orders = keep && is_ordered_when_kept(part);
    const Codec codec = sstable::stored_codec(stored.bytes());
    // Of a compressed table, plain blocks lie in scratch memory too, and those kept move out of it.
    if (sstable::is_compressed(codec) || (keep && !orders && properties_.codec != Codec::kNone)) {
        KV_ASSIGN_OR_RETURN(stored, unpack(stored.bytes(), offset, keep && !orders));
    } else {
        KV_RETURN_IF_ERROR(verify_block(stored.bytes(), offset));
        size_t size = 0;
        const char* problem =
            sstable::content_size(codec, stored.bytes().substr(0, part.handle.size), size);
        if (problem == nullptr) {
            stored.shrink(size);
            if (!sstable::has_stored_form(stored.bytes())) problem = sstable::kUnknownForm;
        }
        if (problem != nullptr) return corruption(offset, problem);
    }
    return orders ? ordered(stored) : std::move(stored);
}

/// `block` as it is kept, in memory for that.
BlockRef TableReader::ordered(const BlockRef& block) const {
    const Bytes content = block.bytes();
    if (const size_t size = sstable::ordered_size(content); size != 0) {
        BlockRef kept = allocate_part(size);
        if (sstable::order_block(content, kept.mutable_data())) return kept;
    }
    BlockRef kept = allocate_part(content.size());
    content.copy(kept.mutable_data(), content.size());
    return kept;
}

/// A filter piece as it is kept: the lines of `content`, aligned.
BlockRef TableReader::aligned_lines(Bytes content) const {
    BlockRef piece = allocate_part(content.size() + sstable::kFilterLineBytes);
    content.copy(piece.mutable_data() + aligned_start(piece.mutable_data()), content.size());
    return piece;
}

Result<BlockRef> TableReader::prepare_index_partition(const TablePart& part, Bytes content) const {
    const sstable::Index::Span& span = index_.span(part.number);
    std::string packed;
    const Status status = sstable::pack_index(content, footer_.format_version, span.data_begin,
                                              span.data_end, packed);
    if (!status.is_ok()) return corruption(part.handle.offset, status.message());
    const sstable::IndexView view(packed);
    const bool follows =
        part.number == 0 ||
        compare_internal_keys(index_.view().separator(part.number - 1), view.separator(0)) < 0;
    if (view.blocks() != span.blocks || !follows ||
        view.separator(view.blocks() - 1) != index_.view().separator(part.number))
        return corruption(part.handle.offset, "an index partition is not the one meant");
    BlockRef kept = allocate_part(packed.size());
    packed.copy(kept.mutable_data(), packed.size());
    return kept;
}

Bytes TableReader::filter_lines(const BlockRef& part, const TablePart& which) {
    return part.bytes().substr(aligned_start(part.bytes().data()), which.handle.size);
}

}  // namespace kv
