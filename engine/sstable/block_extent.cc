// Ends of blocks, form by form.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/block_extent.h"

// For ZSTD_findFrameCompressedSize and ZSTD_getFrameContentSize.
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "base/hash.h"
#include "sstable/table_format.h"

namespace kv::sstable {

namespace {

constexpr size_t kSizeBytes = 4;  // in front of what a codec made
// More than properties have of fields, and take with two keys.
constexpr int kMostFields = 64;
constexpr size_t kMostPropertiesBytes = 256U << 10;
constexpr size_t kMostNumberBytes = 10;
// What entries lead to is remembered from this length on, and forgotten when there is much of it:
// only time depends on it.
constexpr uint64_t kLongChainBytes = 1024;
constexpr size_t kMostChains = 1U << 20;

/// Adds the ends of content that is stored as it is: with nothing behind it, and with padding.
void add_plain_ends(Bytes rest, uint64_t content, BlockEnds& ends) {
    if (content > kMostContentBytes || content + kBlockTrailerBytes > rest.size()) return;
    if (rest[content] == static_cast<char>(Codec::kNone)) ends.add(content, Codec::kNone);
    size_t zeros = 0;
    const size_t most = std::min(kMostPaddingBytes - 1, rest.size() - content - 1);
    while (zeros < most && rest[content + zeros] == 0) ++zeros;
    const uint64_t size = content + zeros + 1;
    if (static_cast<uint8_t>(rest[size - 1]) == zeros + 1 &&
        size + kBlockTrailerBytes <= rest.size() && rest[size] == static_cast<char>(Codec::kPadded))
        ends.add(size, Codec::kPadded);
}

/// The bytes of a length that LZ4 continues behind its token; false when they are cut short.
bool extend_length(const char*& p, const char* end, uint64_t& length) {
    for (; p < end; ++p) {
        length += static_cast<uint8_t>(*p);
        if (static_cast<uint8_t>(*p) == 255) continue;
        ++p;
        return true;
    }
    return false;
}

/// The size of the LZ4 block at the front of `packed` whose content has `size` bytes and the tagged
/// form; 0 when there is none. `steps` grows by one for each sequence.
/// Source: the LZ4 block format description; its last sequence has no match, so content ends with
/// the literals that fill it.
uint64_t lz4_block_size(Bytes packed, uint64_t size, uint64_t& steps) {
    constexpr uint64_t kLong = 15, kShortestMatch = 4;
    const char* const begin = packed.data();
    const char* const end = begin + packed.size();
    const char* p = begin;
    uint64_t made = 0;
    for (; p < end; ++steps) {
        const auto token = static_cast<uint8_t>(*p++);
        uint64_t literals = token >> 4;
        if (literals == kLong && !extend_length(p, end, literals)) break;
        if (literals > static_cast<uint64_t>(end - p)) break;
        if (made == 0 && (literals == 0 || *p != static_cast<char>(BlockForm::kTagged))) break;
        p += literals;
        made += literals;
        if (made == size) return static_cast<uint64_t>(p - begin);
        if (made > size || end - p < 2) break;
        const uint64_t distance = static_cast<uint64_t>(static_cast<uint8_t>(p[0])) |
                                  uint64_t{static_cast<uint8_t>(p[1])} << 8;
        p += 2;
        uint64_t match = token & kLong;
        if (match == kLong && !extend_length(p, end, match)) break;
        made += match + kShortestMatch;
        if (distance == 0 || distance > made - match - kShortestMatch || made >= size) break;
    }
    return 0;
}

uint64_t zstd_frame_size(Bytes packed, uint64_t size) {
    if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != size) return 0;
    const size_t bytes = ZSTD_findFrameCompressedSize(packed.data(), packed.size());
    return ZSTD_isError(bytes) ? 0 : bytes;
}

}  // namespace

void find_tagged_ends(Bytes rest, BlockEnds& ends) {
    if (rest.empty() || rest[0] != static_cast<char>(BlockForm::kTagged)) return;
    BlockLayout block;
    if (!block.parse(rest.substr(0, kMostContentBytes)) || block.start(0) != 0) return;
    // The checks that need no walk. Data made to look like blocks gets as far as this.
    Bytes key;
    if (!block.restart_key(0, key) ||
        !is_known_kind(static_cast<uint8_t>(trailer_kind(trailer_of(key)))) ||
        static_cast<uint8_t>(block.tags[0]) != tag_of(hash64(user_key_of(key))))
        return;
    BlockEntry last;
    if (!block.entry_at(block.count - 1, last) ||
        uint64_t{last.shared} + last.unshared < kTrailerBytes)
        return;
    add_plain_ends(rest, static_cast<uint64_t>(last.end() - rest.data()), ends);
}

void find_compressed_ends(Bytes rest, BlockEnds& ends) {
    if (rest.size() <= kSizeBytes + kBlockTrailerBytes) return;
    const uint64_t size = load_fixed32(rest.data());
    if (size == 0 || size > kMostContentBytes) return;
    // It was stored so because it became smaller by that.
    const Bytes packed = rest.substr(kSizeBytes, size);
    const bool is_frame = load_fixed32(packed.data()) == kZstdMagic;
    const uint64_t bytes =
        is_frame ? zstd_frame_size(packed, size) : lz4_block_size(packed, size, ends.steps);
    const uint64_t stored = kSizeBytes + bytes;
    const Codec codec = is_frame ? Codec::kZstd : Codec::kLz4;
    if (bytes != 0 && stored + kBlockTrailerBytes <= rest.size() &&
        rest[stored] == static_cast<char>(codec))
        ends.add(stored, codec);
}

void find_properties_ends(Bytes rest, BlockEnds& ends) {
    rest = rest.substr(0, kMostPropertiesBytes);
    ByteReader reader(rest);
    uint64_t end = 0;
    for (uint32_t fields = 0; fields < kMostFields; ++fields) {
        uint32_t tag;
        Bytes bytes;
        end = reader.offset();
        // No tag is 0, which as the codec stands behind the last field.
        if (!reader.read_varint32(tag) || (tag == 0 && fields < 2)) return;
        if (tag == 0) break;
        if (!reader.read_length_prefixed(bytes)) return;
        // They begin with two numbers, 1 and 2.
        if (fields < 2 && (tag != fields + 1 || bytes.empty() || bytes.size() > kMostNumberBytes))
            return;
    }
    if (end + kBlockTrailerBytes <= rest.size() && rest[end] == static_cast<char>(Codec::kNone))
        ends.add(end, Codec::kNone);
}

void PlainBlocks::find_ends(uint64_t offset, uint64_t limit, BlockEnds& ends) {
    const uint64_t end = offset + std::min<uint64_t>(limit, file_.size() - offset);
    if (offset == end || file_[offset] != static_cast<char>(BlockForm::kPlain)) return;
    const auto known = chains_.find(offset);
    const Chain chain = known != chains_.end() ? known->second : follow(offset, end, ends);
    if (chain.content_end == 0 || chain.content_end > end || !is_restart(offset, chain)) return;
    add_plain_ends(file_.substr(offset, end - offset), chain.content_end - offset, ends);
}

/// Goes over the entries from `offset` on. The first has all of its key, so the rest of the way
/// depends on nothing before it.
PlainBlocks::Chain PlainBlocks::follow(uint64_t offset, uint64_t end, BlockEnds& ends) {
    const char* const limit = file_.data() + end;
    const char* p = file_.data() + offset;
    std::vector<uint64_t> restarts;
    uint64_t key_bytes = 0;
    Chain chain;
    bool known = false;
    for (BlockEntry entry; decode_entry(p, limit, entry); p = entry.end()) {
        ++ends.steps;
        const uint64_t bytes = uint64_t{entry.shared} + entry.unshared;
        if (entry.shared > key_bytes || bytes < kTrailerBytes) break;
        key_bytes = bytes;
        if (entry.shared != 0) continue;
        const auto at = static_cast<uint64_t>(p - file_.data());
        if (const auto found = chains_.find(at); found != chains_.end()) {
            chain = found->second;
            known = true;
            break;
        }
        restarts.push_back(at);
    }
    const auto at = static_cast<uint64_t>(p - file_.data());
    if (!known && !restarts.empty()) chain = read_restarts(at, end);
    // Cut off by the limit, it may lead on.
    const bool is_whole = end == file_.size() || end - offset >= kMostContentBytes;
    if (at - offset < kLongChainBytes || (chain.content_end == 0 && !is_whole)) return chain;
    if (chains_.size() >= kMostChains) chains_.clear();
    for (const uint64_t restart : restarts) chains_.emplace(restart, chain);
    return chain;
}

/// The offsets at the end of a block ascend from 0, each by more bytes than one, until their count.
PlainBlocks::Chain PlainBlocks::read_restarts(uint64_t entries_end, uint64_t end) const {
    Chain chain;
    uint32_t last = 0;
    uint64_t at = entries_end;
    for (uint32_t count = 0; at + sizeof last <= end; ++count, at += sizeof last) {
        const uint32_t value = load_fixed32(file_.data() + at);
        if (count != 0 && value == count) {
            chain.entries_end = entries_end;
            chain.content_end = at + sizeof last;
            chain.last_restart = last;
            break;
        }
        if (count == 0 ? value != 0 : value <= last) break;
        last = value;
    }
    return chain;
}

/// Whether the chain's last restart offset, counted from `offset`, is one of an entry with all of
/// its key.
bool PlainBlocks::is_restart(uint64_t offset, const Chain& chain) const {
    BlockEntry entry;
    return chain.last_restart < chain.entries_end - offset &&
           decode_entry(file_.data() + offset + chain.last_restart,
                        file_.data() + chain.entries_end, entry) &&
           entry.shared == 0 && entry.unshared >= kTrailerBytes;
}

}  // namespace kv::sstable
