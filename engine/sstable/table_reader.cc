// Reading and verifying blocks.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/table_reader.h"

#include <utility>

#include "base/coding.h"
#include "sstable/block_layout.h"
#include "sstable/codec.h"

namespace kv {

using sstable::kBlockTrailerBytes;

Status TableReader::corruption(uint64_t offset, std::string_view what) const {
    return Status::corruption(path_ + ": offset " + std::to_string(offset) + ": " +
                              std::string(what));
}

Status TableReader::check_read(uint64_t offset, size_t length, const Result<size_t>& got) const {
    if (!got.is_ok()) return got.error();
    if (*got == length) return Status::ok();
    return corruption(offset, "the file ends early: expected " + std::to_string(length) +
                                  " bytes, found " + std::to_string(*got));
}

Status TableReader::read_range(uint64_t offset, size_t length, char* out) const {
    return check_read(offset, length, file_->read_at(offset, length, out));
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
                                              ", this kvd reads codecs up to 3; use a newer kvd");
    return Status::ok();
}

Status TableReader::verify_plain_block(Bytes stored, uint64_t offset) const {
    KV_RETURN_IF_ERROR(verify_block(stored, offset));
    if (sstable::stored_codec(stored) == Codec::kNone) return Status::ok();
    return corruption(offset, "a block that is no data block is compressed or padded");
}

Result<BlockRef> TableReader::unpack(Bytes stored, uint64_t offset, bool keep) const {
    KV_RETURN_IF_ERROR(verify_block(stored, offset));
    const Codec codec = sstable::stored_codec(stored);
    const Bytes packed = stored.substr(0, stored.size() - kBlockTrailerBytes);
    size_t size = 0;
    const char* problem = sstable::content_size(codec, packed, size);
    BlockRef block;
    if (problem == nullptr) {
        block = keep ? allocate_part(size) : BlockRef::scratch(size);
        problem = sstable::decompress(codec, packed, block.mutable_data(), size);
    }
    if (problem == nullptr && !sstable::has_stored_form(block.bytes()))
        problem = sstable::kUnknownForm;
    if (problem != nullptr) return corruption(offset, problem);
    return block;
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
