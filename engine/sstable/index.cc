// Index blocks, parsed for searching.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/index.h"

#include <algorithm>

#include "base/prefetch.h"
#include "record/internal_key.h"
#include "record/key_prefix.h"
#include "sstable/block.h"

namespace kv::sstable {

namespace {

/// Of `count` ascending numbers, how many are below the target. Without a branch on the comparison:
/// the processor would guess it wrong every other time.
size_t first_not_below(const char* numbers, size_t count, uint64_t target) {
    size_t low = 0;
    while (count > 0) {
        const size_t half = count / 2;
        const bool before = load_fixed64(numbers + 8 * (low + half)) < target;
        low = before ? low + half + 1 : low;
        count = before ? count - half - 1 : half;
    }
    return low;
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
    const size_t common = common_prefix_of(last_user_key, next_user_key).size();
    append_internal_key(out, next_user_key.substr(0, common + 1), 0);
}

void append_index_entry(std::string& out, uint64_t block_size) { put_varint64(out, block_size); }

void append_partition_entry(std::string& out, uint64_t partition_size, uint64_t data_bytes,
                            uint64_t data_blocks) {
    put_varint64(out, partition_size);
    put_varint64(out, data_bytes);
    put_varint64(out, data_blocks);
}

/// Collects separators and places, then lays them out for IndexView.
class IndexPacker {
  public:
    size_t count() const { return places_.size(); }
    /// What is wrong with an entry, or null. Blocks must lie end to end.
    const char* add(Bytes separator, const BlockHandle& handle, uint64_t end) {
        if (handle.size > UINT32_MAX || handle.size > end || handle.end() > end)
            return "does not fit into the file";
        if (!places_.empty() && compare_internal_keys(last(), separator) >= 0)
            return "is out of order";
        if (keys_.size() + separator.size() > UINT32_MAX) return "exceeds 4 GiB of keys";
        keys_.append(separator);
        places_.push_back({handle.offset, static_cast<uint32_t>(handle.size),
                           static_cast<uint32_t>(keys_.size())});
        return nullptr;
    }

    void pack(std::string& out) const {
        const auto count = static_cast<uint32_t>(places_.size());
        const Bytes common =
            count == 0 ? Bytes()
                       : common_prefix_of(user_key_of(key(0)), user_key_of(key(count - 1)));
        const auto prefix = [&](size_t i) {
            return user_key_prefix(user_key_of(key(i)).substr(common.size()));
        };
        const size_t groups = IndexView::groups_of(count);
        out.clear();
        out.reserve(IndexView::kHeaderBytes + common.size() + 8 * groups +
                    (8 + IndexView::kEntryBytes) * size_t{count} + keys_.size());
        put_fixed32(out, count);
        put_fixed32(out, static_cast<uint32_t>(common.size()));
        out += common;
        for (size_t i = 1; i <= groups; ++i)
            put_fixed64(out, prefix(std::min<size_t>(i * IndexView::kGroup, count) - 1));
        for (size_t i = 0; i < count; ++i) put_fixed64(out, prefix(i));
        for (const Place& place : places_) {
            put_fixed64(out, place.offset);
            put_fixed32(out, place.size);
            put_fixed32(out, place.key_end);
        }
        out += keys_;
    }

  private:
    struct Place {
        uint64_t offset;
        uint32_t size;
        uint32_t key_end;
    };
    Bytes key(size_t i) const {
        const uint32_t begin = i == 0 ? 0 : places_[i - 1].key_end;
        return Bytes(keys_).substr(begin, places_[i].key_end - begin);
    }
    Bytes last() const { return key(places_.size() - 1); }

    std::vector<Place> places_;
    std::string keys_;
};

IndexView::IndexView(Bytes packed) {
    count_ = load_fixed32(packed.data());
    common_ = packed.substr(kHeaderBytes, load_fixed32(packed.data() + 4));
    group_ends_ = common_.data() + common_.size();
    prefixes_ = group_ends_ + 8 * groups_of(count_);
    entries_ = prefixes_ + 8 * count_;
    keys_ = entries_ + kEntryBytes * count_;
}

size_t IndexView::find(Bytes user_key, uint64_t trailer) const {
    const int order = user_key.substr(0, common_.size()).compare(common_);
    if (order != 0) return order < 0 ? 0 : count_;
    const uint64_t target = user_key_prefix(user_key.substr(common_.size()));
    const size_t low = find_prefix(target);
    return low == count_ || prefix(low) != target ? low : find_among_equal(low, user_key, trailer);
}

/// The first prefix that is not smaller than the target.
size_t IndexView::find_prefix(uint64_t target) const {
    const size_t first = kGroup * first_not_below(group_ends_, groups_of(count_), target);
    if (first >= count_) return count_;
    const char* const group = prefixes_ + 8 * first;
    prefetch_lines(group, 8 * kGroup);
    prefetch_lines(entries_ + kEntryBytes * first, kEntryBytes * kGroup);
    return first + first_not_below(group, std::min(kGroup, count_ - first), target);
}

/// The answer, where the prefixes from `low` on are that of the key.
size_t IndexView::find_among_equal(size_t low, Bytes user_key, uint64_t trailer) const {
    const uint64_t target = prefix(low);
    size_t high = low + 1;
    for (size_t step = 1; high < count_ && prefix(high) == target; step *= 2)
        high = std::min(count_, high + step);
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

Status pack_index(Bytes content, uint32_t format_version, uint64_t begin, uint64_t end,
                  std::string& packed) {
    BlockIterator it;
    it.reset(content);
    IndexPacker packer;
    uint64_t offset = begin;
    for (it.seek_to_first(); it.valid(); it.next()) {
        BlockHandle handle{offset, 0};
        ByteReader reader(it.value());
        const bool read = (format_version > 1 || reader.read_varint64(handle.offset)) &&
                          reader.read_varint64(handle.size) && reader.at_end();
        const char* problem = !read || handle.offset != offset
                                  ? "does not name the block that lies next"
                                  : packer.add(it.key(), handle, end);
        if (problem != nullptr)
            return Status::corruption("index: entry " + std::to_string(packer.count()) + " " +
                                      problem + ", offset " + std::to_string(offset));
        offset = handle.end();
    }
    if (it.problem() != nullptr) return Status::corruption(std::string("index: ") + it.problem());
    if (offset != end)
        return Status::corruption("index: its blocks end at offset " + std::to_string(offset) +
                                  ", expected " + std::to_string(end));
    packer.pack(packed);
    return Status::ok();
}

Status Index::load(Bytes content, uint32_t format_version, uint64_t data_end) {
    KV_RETURN_IF_ERROR(pack_index(content, format_version, 0, data_end, packed_));
    view_ = IndexView(packed_);
    return Status::ok();
}

Status Index::load_partitioned(Bytes content, uint64_t begin, uint64_t end, uint64_t data_end) {
    BlockIterator it;
    it.reset(content);
    IndexPacker packer;
    uint64_t offset = begin;
    Span span;
    for (it.seek_to_first(); it.valid(); it.next()) {
        BlockHandle handle{offset, 0};
        ByteReader reader(it.value());
        uint64_t data_bytes = 0;
        span.first_block += span.blocks;
        span.data_begin = span.data_end;
        const bool read = reader.read_varint64(handle.size) && reader.read_varint64(data_bytes) &&
                          reader.read_varint64(span.blocks) && reader.at_end() &&
                          data_bytes <= data_end - span.data_begin && span.blocks > 0 &&
                          span.blocks <= data_bytes;
        const char* problem =
            !read ? "does not cover a part of the table" : packer.add(it.key(), handle, end);
        if (problem != nullptr)
            return Status::corruption("index: partition " + std::to_string(packer.count()) + " " +
                                      problem);
        span.data_end = span.data_begin + data_bytes;
        spans_.push_back(span);
        offset = handle.end();
    }
    if (it.problem() != nullptr) return Status::corruption(std::string("index: ") + it.problem());
    if (spans_.empty() || offset != end || span.data_end != data_end)
        return Status::corruption("index: its partitions do not cover the table");
    packer.pack(packed_);
    view_ = IndexView(packed_);
    return Status::ok();
}

uint64_t Index::blocks() const {
    return spans_.empty() ? view_.blocks() : spans_.back().first_block + spans_.back().blocks;
}

}  // namespace kv::sstable
