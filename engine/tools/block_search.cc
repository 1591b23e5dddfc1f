// See block_search.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/block_search.h"

#include <algorithm>

#include "base/coding.h"
#include "sstable/codec.h"
#include "sstable/filter.h"

namespace kv::tools {

using sstable::BlockEnds;
using sstable::BlockHandle;
using sstable::kBlockTrailerBytes;
using sstable::kFilterLineBytes;

namespace {

// In bytes of a checksum, ten of which take a nanosecond or two.
constexpr uint64_t kFreeBytes = 1ULL << 30;
constexpr uint64_t kBytesPerStep = 16;
constexpr uint64_t kBytesPerSearched = 32;
/// Lines of filters that are recognised: whole ones up to 4 MiB, pieces up to 64 KiB.
constexpr uint32_t kMostWholeLines = 64U << 10;
constexpr uint32_t kMostPieceLines = 1U << 10;

}  // namespace

bool BlockSearch::is_block(uint64_t offset, uint64_t size) const {
    if (offset > file_.size() || file_.size() - offset < kBlockTrailerBytes ||
        size > file_.size() - offset - kBlockTrailerBytes)
        return false;
    const auto codec = static_cast<uint8_t>(file_[offset + size]);
    return sstable::is_known_codec(codec) &&
           load_fixed64(file_.data() + offset + size + 1) ==
               sstable::block_checksum(file_.substr(offset, size), static_cast<Codec>(codec),
                                       number_, offset);
}

std::optional<BlockSearch::Found> BlockSearch::block_at(uint64_t offset) {
    if (const auto found = find_at(offset, sstable::kMostContentBytes)) return found;
    const uint64_t size = filter_size_at(offset);
    if (size == 0) return std::nullopt;
    return Found{{offset, size}, false};
}

std::optional<BlockSearch::Found> BlockSearch::next_block(uint64_t from, uint64_t end) {
    end = std::min<uint64_t>(end, file_.size() - std::min(file_.size(), sstable::kGlanceBytes));
    for (uint64_t offset = from; offset < end; ++offset, ++searched_) {
        if (!sstable::may_begin_block(file_.data() + offset)) continue;
        if (const auto found = find_at(offset, allowance())) return found;
    }
    return std::nullopt;
}

/// A block at `offset` that takes no more than `limit` bytes, trailer included.
std::optional<BlockSearch::Found> BlockSearch::find_at(uint64_t offset, uint64_t limit) {
    const Bytes rest = file_.substr(offset, limit);
    BlockEnds ends;
    sstable::find_tagged_ends(rest, ends);
    sstable::find_compressed_ends(rest, ends);
    const size_t data_ends = ends.count;
    plain_.find_ends(offset, limit, ends);
    sstable::find_properties_ends(rest, ends);
    uint64_t summed = 0;
    for (size_t i = 0; i < ends.count; ++i) {
        if (is_block(offset, ends.ends[i].size))
            return Found{{offset, ends.ends[i].size}, i < data_ends};
        summed += ends.ends[i].size;
    }
    spent_ += summed + kBytesPerStep * ends.steps;
    return std::nullopt;
}

uint64_t BlockSearch::allowance() const {
    const uint64_t allowed = kFreeBytes + kBytesPerSearched * searched_;
    return std::min<uint64_t>(sstable::kMostContentBytes, allowed - std::min(allowed, spent_));
}

/// Size of a filter or a piece of one, which nothing at their front tells; 0: there is none.
uint64_t BlockSearch::filter_size_at(uint64_t offset) const {
    const auto has_end = [&](uint64_t size) {
        return size + kBlockTrailerBytes <= file_.size() - offset &&
               file_[offset + size] == static_cast<char>(Codec::kNone);
    };
    for (uint32_t lines = 1; lines <= kMostWholeLines; ++lines) {
        const uint64_t piece = lines * kFilterLineBytes, whole = piece + sstable::kFilterTailBytes;
        if (piece > file_.size() - offset) break;
        if (lines <= kMostPieceLines && has_end(piece) && is_block(offset, piece)) return piece;
        // The last thing in a whole one is the number of its lines.
        if (has_end(whole) && load_fixed32(file_.data() + offset + whole - 4) == lines &&
            is_block(offset, whole))
            return whole;
    }
    return 0;
}

std::optional<BlockHandle> BlockSearch::find_properties() const {
    for (uint64_t offset = file_.size(); offset-- > 0;) {
        if (file_[offset] != 1) continue;
        BlockEnds ends;
        sstable::find_properties_ends(file_.substr(offset), ends);
        for (const BlockEnds::End& end : ends)
            if (is_block(offset, end.size)) return BlockHandle{offset, end.size};
    }
    return std::nullopt;
}

}  // namespace kv::tools
