// How entries lie in a block's content, in both forms of engine/docs/sstable_format.md: plain
// (restart points at the end; index blocks, and data blocks of version 1) and tagged (a tag and an
// offset for every entry in front; data blocks since version 2). In memory a tagged block may be
// ordered as well (sstable/ordered_block.h). Nothing here trusts a length.
// Callers: the block cursor and the point search.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>

#include "base/coding.h"
#include "record/internal_key.h"

namespace kv::sstable {

enum class BlockForm : uint8_t {  // the first byte of a block; stored on disk, never renumber
    kPlain = 0,                   // that byte is `shared` of the first entry
    kTagged = 1,
    kOrdered = 2,  // in memory only; on disk it means damage
};
/// Whether a block on disk may begin so.
inline bool has_stored_form(Bytes content) {
    return content.empty() ||
           static_cast<uint8_t>(content[0]) <= static_cast<uint8_t>(BlockForm::kTagged);
}

/// A tagged block begins with: form u8 | offset width u8 | restart interval u16 | entries u32.
inline constexpr size_t kTaggedHeaderBytes = 8;

/// An ordered block has between offsets and entries: bytes that all user keys share u16, then for
/// each entry the order key of its user key behind those.
inline constexpr size_t kOrderHeaderBytes = 2;
inline constexpr size_t kOrderKeyBytes = 4;

/// The tag of a user key in a tagged block, from its hash64.
constexpr uint8_t tag_of(uint64_t user_key_hash) { return static_cast<uint8_t>(user_key_hash); }

struct BlockEntry {
    uint32_t shared;
    uint32_t unshared;
    uint32_t value_size;
    const char* suffix;  // `unshared` key bytes, then the value

    const char* value() const { return suffix + unshared; }
    const char* end() const { return value() + value_size; }
    Bytes stored_value() const { return {value(), value_size}; }
};

/// Decodes the entry at `p`; false when it does not fit before `end`.
inline bool decode_entry(const char* p, const char* end, BlockEntry& entry) {
    if (end - p >= 3 && ((p[0] | p[1] | p[2]) & 0x80) == 0) [[likely]] {
        entry.shared = static_cast<uint8_t>(p[0]);
        entry.unshared = static_cast<uint8_t>(p[1]);
        entry.value_size = static_cast<uint8_t>(p[2]);
        p += 3;
    } else {
        p = parse_varint32(p, end, entry.shared);
        if (p != nullptr) p = parse_varint32(p, end, entry.unshared);
        if (p != nullptr) p = parse_varint32(p, end, entry.value_size);
        if (p == nullptr) return false;
    }
    entry.suffix = p;
    return uint64_t{entry.unshared} + entry.value_size <= static_cast<uint64_t>(end - p);
}

struct BlockLayout {
    const char* entries = nullptr;  // offsets count from here
    const char* end = nullptr;      // behind the last entry
    const char* tags = nullptr;     // one an entry; null in the plain form
    const char* starts = nullptr;   // offsets: of every entry (tagged), of restart points (plain)
    uint32_t count = 0;             // of these offsets; 0: no block, or a damaged one
    uint32_t step = 1;              // offsets from one restart point to the next
    bool wide = true;               // an offset takes 4 bytes, not 2
    const char* order = nullptr;    // order keys; null unless the block is ordered
    uint32_t common = 0;            // of an ordered block, the bytes that all user keys share

    /// False when the regions do not fit into the content.
    bool parse(Bytes content) {
        if (content.size() < 8 || content.size() > UINT32_MAX) return false;
        order = nullptr;
        switch (static_cast<BlockForm>(content[0])) {
            case BlockForm::kTagged:
                return parse_tagged(content);
            case BlockForm::kOrdered:
                return parse_ordered(content);
            default:
                return parse_plain(content);
        }
    }

    bool is_tagged() const { return tags != nullptr; }
    bool is_ordered() const { return order != nullptr; }
    /// Of an ordered block. Requires index < count.
    uint32_t order_key(uint32_t index) const {
        return load_fixed32(order + kOrderKeyBytes * size_t{index});
    }
    /// Requires index < count. The result may be anything: check_start decides.
    uint32_t start(uint32_t index) const {
        if (wide) return load_fixed32(starts + 4 * size_t{index});
        uint16_t offset;
        std::memcpy(&offset, starts + 2 * size_t{index}, sizeof offset);
        return offset;
    }
    /// The entry that offset `index` leads to; false when there is none.
    bool entry_at(uint32_t index, BlockEntry& entry) const {
        const uint32_t offset = start(index);
        return offset < static_cast<size_t>(end - entries) &&
               decode_entry(entries + offset, end, entry);
    }
    /// The whole key at offset `index`, which must be that of a restart point.
    bool restart_key(uint32_t index, Bytes& key) const {
        BlockEntry entry;
        if (!entry_at(index, entry) || entry.shared != 0 || entry.unshared < kTrailerBytes)
            return false;
        key = {entry.suffix, entry.unshared};
        return true;
    }

  private:
    bool parse_plain(Bytes content) {
        const size_t size = content.size();
        const uint32_t restarts = load_fixed32(content.data() + size - 4);
        if (restarts == 0 || restarts > (size - 4) / 4) return false;
        entries = content.data();
        end = starts = entries + size - 4 - 4 * size_t{restarts};
        tags = nullptr;
        count = restarts;
        step = 1;
        wide = true;
        return true;
    }
    bool parse_tagged(Bytes content) {
        const char* p = content.data();
        const auto width = static_cast<uint8_t>(p[1]);
        uint16_t interval;
        std::memcpy(&interval, p + 2, sizeof interval);
        const uint32_t number = load_fixed32(p + 4);
        const uint64_t front = kTaggedHeaderBytes + uint64_t{number} * (1U + width);
        if ((width != 2 && width != 4) || interval == 0 || number == 0 || front >= content.size())
            return false;
        tags = p + kTaggedHeaderBytes;
        starts = tags + number;
        entries = p + front;
        end = p + content.size();
        count = number;
        step = interval;
        wide = width == 4;
        return true;
    }
    bool parse_ordered(Bytes content) {
        if (!parse_tagged(content)) return false;
        const size_t order_bytes = kOrderHeaderBytes + kOrderKeyBytes * size_t{count};
        if (order_bytes >= static_cast<size_t>(end - entries)) return false;
        uint16_t shared;
        std::memcpy(&shared, entries, sizeof shared);
        common = shared;
        order = entries + kOrderHeaderBytes;
        entries += order_bytes;
        return true;
    }
};

inline constexpr const char* kUnknownForm = "a block is of an unknown form";
inline constexpr const char* kBadRestarts = "the restart array does not fit into the block";
inline constexpr const char* kBadRestart = "a restart point does not lead to a whole entry";
inline constexpr const char* kBadEntry = "an entry's lengths do not fit into the block";

/// <0, 0, >0 as `key` sorts before, at or after (user_key, trailer).
inline int compare_to(Bytes key, Bytes user_key, uint64_t trailer) {
    const int order = user_key_of(key).compare(user_key);
    if (order != 0) return order;
    const uint64_t own = trailer_of(key);
    return own < trailer ? -1 : own > trailer ? 1 : 0;
}

/// The last restart point whose key sorts before the target, or the first; as an index of its
/// offset. False when one is damaged. Requires count > 0.
bool find_restart(const BlockLayout& block, Bytes user_key, uint64_t trailer, uint32_t& index);

}  // namespace kv::sstable
