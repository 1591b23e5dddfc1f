// How far a block reaches whose size nobody tells: worked out from the way its content is built, so
// that a checksum is only worth its time where a block can end. What comes out are candidates; the
// checksum behind each decides. Nothing here trusts a length.
// Caller: salvage of tables without an index. Thread rule: functions from any thread, a PlainBlocks
// from one at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "base/coding.h"
#include "record/internal_key.h"
#include "sstable/block_layout.h"
#include "sstable/codec.h"

namespace kv::sstable {

/// Where a block that begins at one place may end.
struct BlockEnds {
    struct End {
        uint64_t size = 0;  ///< Of the content as stored; the trailer follows.
        Codec codec = Codec::kNone;
    };
    static constexpr size_t kMost = 6;
    std::array<End, kMost> ends;
    size_t count = 0;
    uint64_t steps = 0;  ///< Entries, or what a codec has for them, gone over to find them.

    const End* begin() const { return ends.data(); }
    const End* end() const { return ends.data() + count; }
    void add(uint64_t size, Codec codec) { ends[count++] = {size, codec}; }
};

inline constexpr uint32_t kZstdMagic = 0xFD2F'B528;

/// False where no block of data, index or properties begins, at the cost of a glance. Requires
/// kGlanceBytes at `p`.
inline constexpr size_t kGlanceBytes = 8;
inline bool may_begin_block(const char* p) {
    const auto first = static_cast<uint8_t>(p[0]);
    // Plain: nothing is shared with the key before, and the trailer is not all of the key.
    if (first == 0 && static_cast<uint8_t>(p[1]) > kTrailerBytes) return true;
    // Tagged; or properties, whose first tag is the same number.
    if (first == static_cast<uint8_t>(BlockForm::kTagged)) return true;
    const uint32_t size = load_fixed32(p);
    if (size == 0 || size > kMostContentBytes) return false;
    if (load_fixed32(p + 4) == kZstdMagic) return true;
    // LZ4 begins with bytes as they are, and the content of a compressed block is tagged.
    const int literals = static_cast<uint8_t>(p[4]) >> 4;
    return literals == 15 || (literals != 0 && p[5] == static_cast<char>(BlockForm::kTagged));
}

// Each adds the ends of a block of its kind at the front of `rest`, which reaches as far as the
// block may, trailer included.

/// A data block that is stored as it is, or padded. O(1): the last offset leads to the last entry.
void find_tagged_ends(Bytes rest, BlockEnds& ends);
/// A compressed block: a Zstandard frame tells its size, LZ4 is followed up to the size of the
/// content, without unpacking it.
void find_compressed_ends(Bytes rest, BlockEnds& ends);
/// The properties. O(1).
void find_properties_ends(Bytes rest, BlockEnds& ends);

/// Blocks in the plain form: those of an index, and the data blocks of version 1. Their entries
/// must be followed to the end. Damage makes a search begin at many places inside of one block,
/// which all lead to one end: that is remembered, or the search would take a block's length for
/// each of them.
class PlainBlocks {
  public:
    /// `file` must stay in place.
    explicit PlainBlocks(Bytes file) : file_(file) {}

    /// Adds the ends of a block at `offset`, `limit` bytes away at most.
    void find_ends(uint64_t offset, uint64_t limit, BlockEnds& ends);

  private:
    /// What the entries from some restart point on lead to. `content_end` 0: not to restart
    /// offsets.
    struct Chain {
        uint64_t entries_end = 0;
        uint64_t content_end = 0;
        uint32_t last_restart = 0;
    };
    Chain follow(uint64_t offset, uint64_t end, BlockEnds& ends);
    Chain read_restarts(uint64_t entries_end, uint64_t end) const;
    bool is_restart(uint64_t offset, const Chain& chain) const;

    const Bytes file_;
    std::unordered_map<uint64_t, Chain> chains_;  // by where their restart points lie
};

}  // namespace kv::sstable
