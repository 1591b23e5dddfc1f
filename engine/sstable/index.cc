// The index of data blocks, parsed for searching.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/index.h"

#include <algorithm>

#include "base/coding.h"
#include "record/internal_key.h"
#include "sstable/block.h"

namespace kv::sstable {

namespace {

uint64_t key_prefix(Bytes user_key) {
    if (user_key.size() >= 8) return load_big_endian64(user_key.data());
    char padded[8] = {};
    std::copy(user_key.begin(), user_key.end(), padded);
    return load_big_endian64(padded);
}

}  // namespace

void append_separator(std::string& out, Bytes last_key, Bytes next_user_key) {
    const Bytes last_user_key = user_key_of(last_key);
    if (last_user_key == next_user_key) {
        out.append(last_key);
        return;
    }
    // The shortest prefix of the next key that is greater than the last one. With the smallest
    // trailer it sorts before every entry of the next block even where it is that key as a whole.
    size_t common = 0;
    while (common < last_user_key.size() && common < next_user_key.size() &&
           last_user_key[common] == next_user_key[common])
        ++common;
    append_internal_key(out, next_user_key.substr(0, common + 1), 0);
}

void append_handle(std::string& out, const BlockHandle& handle) {
    put_varint64(out, handle.offset);
    put_varint64(out, handle.size);
}

Status Index::load(Bytes content, uint64_t data_end) {
    BlockIterator it;
    it.reset(content);
    uint64_t expected_offset = 0;
    for (it.seek_to_first(); it.valid(); it.next()) {
        BlockHandle handle;
        ByteReader reader(it.value());
        if (!reader.read_varint64(handle.offset) || !reader.read_varint64(handle.size) ||
            !reader.at_end() || handle.offset != expected_offset || handle.size > data_end ||
            handle.size > UINT32_MAX || handle.end() > data_end)
            return Status::corruption("index: entry " + std::to_string(blocks()) +
                                      " does not name the block at offset " +
                                      std::to_string(expected_offset));
        if (blocks() > 0 && compare_internal_keys(separator(blocks() - 1), it.key()) >= 0)
            return Status::corruption("index: entry " + std::to_string(blocks()) +
                                      " is out of order");
        expected_offset = handle.end();
        prefixes_.push_back(key_prefix(user_key_of(it.key())));
        keys_.append(it.key());
        if (keys_.size() > UINT32_MAX) return Status::corruption("index: keys exceed 4 GiB");
        handles_.push_back({handle.offset, static_cast<uint32_t>(handle.size),
                            static_cast<uint32_t>(keys_.size())});
    }
    if (it.problem() != nullptr) return Status::corruption(std::string("index: ") + it.problem());
    if (expected_offset != data_end)
        return Status::corruption("index: its blocks end at offset " +
                                  std::to_string(expected_offset) + ", expected " +
                                  std::to_string(data_end));
    prefixes_.shrink_to_fit();
    handles_.shrink_to_fit();
    keys_.shrink_to_fit();
    return Status::ok();
}

Bytes Index::separator(size_t position) const {
    const uint32_t begin = position == 0 ? 0 : handles_[position - 1].key_end;
    return Bytes(keys_).substr(begin, handles_[position].key_end - begin);
}

size_t Index::find(Bytes user_key, uint64_t trailer) const {
    const uint64_t prefix = key_prefix(user_key);
    // Without a branch on the comparison: the processor would guess it wrong every other time.
    const uint64_t* first = prefixes_.data();
    for (size_t count = prefixes_.size(); count > 0;) {
        const size_t half = count / 2;
        const bool before = first[half] < prefix;
        first = before ? first + half + 1 : first;
        count = before ? count - half - 1 : half;
    }
    auto low = static_cast<size_t>(first - prefixes_.data());
    if (low == prefixes_.size() || prefixes_[low] != prefix) return low;
    auto high = static_cast<size_t>(
        std::upper_bound(prefixes_.begin() + static_cast<ptrdiff_t>(low), prefixes_.end(), prefix) -
        prefixes_.begin());
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const Bytes key = separator(middle);
        const int order = user_key_of(key).compare(user_key);
        if (order < 0 || (order == 0 && trailer_of(key) < trailer))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t Index::memory_bytes() const {
    return prefixes_.capacity() * sizeof(prefixes_[0]) + handles_.capacity() * sizeof(Entry) +
           keys_.capacity();
}

}  // namespace kv::sstable
