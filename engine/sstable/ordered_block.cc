// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/ordered_block.h"

#include <algorithm>
#include <cstring>

#include "sstable/block_layout.h"

namespace kv::sstable {

namespace {

constexpr uint32_t kFewestEntries = 4;

/// The user key of an entry of a tagged block, in two parts.
struct SplitKey {
    Bytes front;  // what it shares with its restart point
    Bytes rest;

    size_t size() const { return front.size() + rest.size(); }
    uint8_t operator[](size_t i) const {
        return static_cast<uint8_t>(i < front.size() ? front[i] : rest[i - front.size()]);
    }
};

/// Goes over the keys of a tagged block from the first to the last.
class KeyWalk {
  public:
    explicit KeyWalk(const BlockLayout& block) : block_(block) {}

    /// False when the entry is damaged.
    bool read(uint32_t index, SplitKey& key) {
        BlockEntry entry;
        if (!block_.entry_at(index, entry) || entry.unshared < kTrailerBytes) return false;
        key.rest = {entry.suffix, entry.unshared - kTrailerBytes};
        if (index % block_.step == 0) anchor_ = entry.shared == 0 ? key.rest : Bytes();
        if (entry.shared > anchor_.size()) return false;
        key.front = anchor_.substr(0, entry.shared);
        return true;
    }

  private:
    const BlockLayout& block_;
    Bytes anchor_;  // the user key at the restart point before
};

template <class Key>
uint32_t four_bytes(const Key& key, size_t begin) {
    uint32_t number = 0;
    for (size_t i = begin; i < begin + kOrderKeyBytes; ++i)
        number = number << 8 | (i < key.size() ? static_cast<uint8_t>(key[i]) : 0U);
    return number;
}

size_t shared_front(const SplitKey& a, const SplitKey& b) {
    const size_t most = std::min({a.size(), b.size(), size_t{UINT16_MAX}});
    size_t shared = 0;
    while (shared < most && a[shared] == b[shared]) ++shared;
    return shared;
}

/// The last key of a block needs its restart point read first.
bool read_ends(const BlockLayout& block, SplitKey& first, SplitKey& last) {
    const uint32_t index = block.count - 1;
    KeyWalk from_first(block), to_last(block);
    return from_first.read(0, first) && to_last.read(index - index % block.step, last) &&
           to_last.read(index, last);
}

}  // namespace

uint32_t order_key_of(Bytes user_key, size_t common) { return four_bytes(user_key, common); }

size_t ordered_size(Bytes content) {
    BlockLayout block;
    if (!block.parse(content) || !block.is_tagged() || block.is_ordered() ||
        block.count < kFewestEntries)
        return 0;
    return content.size() + kOrderHeaderBytes + kOrderKeyBytes * size_t{block.count};
}

bool order_block(Bytes content, char* out) {
    BlockLayout block;
    SplitKey key, last;
    if (!block.parse(content) || !read_ends(block, key, last)) return false;
    const auto common = static_cast<uint16_t>(shared_front(key, last));
    const auto front = static_cast<size_t>(block.entries - content.data());
    std::memcpy(out, content.data(), front);
    out[0] = static_cast<char>(BlockForm::kOrdered);
    char* order = out + front;
    std::memcpy(order, &common, kOrderHeaderBytes);
    order += kOrderHeaderBytes;
    KeyWalk walk(block);
    for (uint32_t i = 0; i < block.count; ++i, order += kOrderKeyBytes) {
        if (!walk.read(i, key)) return false;
        store_fixed32(order, four_bytes(key, common));
    }
    std::memcpy(order, block.entries, static_cast<size_t>(block.end - block.entries));
    return true;
}

}  // namespace kv::sstable
