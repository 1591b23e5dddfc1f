// Blocks of a table that cannot be opened: see salvage.h, carve_table. What a sound index, or the
// sound parts of one, say of where blocks lie is believed; elsewhere they are searched for.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "base/coding.h"
#include "sstable/block.h"
#include "sstable/codec.h"
#include "sstable/filter.h"
#include "sstable/index.h"
#include "sstable/properties.h"
#include "sstable/range_tombstone_block.h"
#include "sstable/table_format.h"
#include "sstable/table_reader.h"
#include "tools/salvage.h"

namespace kv::tools {

namespace {

using sstable::kBlockTrailerBytes;
using sstable::kFooterBytes;

/// A block longer than this is only found where the one before it is sound or an index names it.
constexpr size_t kSearchedBlockBytes = 64U << 10;
/// A block longer than this is only found where an index names it.
constexpr size_t kLongestBlockBytes = 1U << 20;
/// How far behind damage the next block is looked for.
constexpr size_t kSearchedBytes = 64U << 10;

class Carver {
  public:
    Carver(const FileImage& image, const std::string& name, uint64_t number)
        : bytes_(image.bytes), name_(name), number_(number), data_end_(bytes_.size()) {}

    CarvedTable run() {
        read_footer();
        if (footer_) read_index();
        uint64_t offset = 0;
        while (offset < data_end_) {
            const auto named = sizes_.find(offset);
            const bool is_named = named != sizes_.end();
            size_t size = 0;
            if (is_named) {
                size = named->second;
            } else if (!is_blank(offset)) {
                size = block_size_at(offset, kLongestBlockBytes);
            }
            if (size == 0) {
                const uint64_t next = find_block(offset + 1);
                lose(offset, next);
                offset = next;
                continue;
            }
            std::string content;
            if (!is_block(offset, size) || !unpack(offset, size, content)) {
                lose(offset, offset + size + kBlockTrailerBytes);
            } else if (is_data(content)) {
                carved_.blocks.push_back({offset, std::move(content)});
            } else if (is_named) {
                lose(offset, offset + size + kBlockTrailerBytes);
            } else {
                break;  // Filter, properties or index: the data blocks are behind us.
            }
            offset += size + kBlockTrailerBytes;
        }
        read_tombstones();
        return std::move(carved_);
    }

  private:
    /// A sound footer says where the data blocks end, even if the index is damaged.
    void read_footer() {
        if (bytes_.size() < kFooterBytes) return;
        const uint64_t at = bytes_.size() - kFooterBytes;
        auto footer = sstable::parse_footer(bytes_.substr(at), at);
        if (!footer || footer->file_number != number_) return;
        if (footer->filter.offset > at || footer->properties.offset > at) return;
        data_end_ = footer->filter.offset;
        footer_ = *footer;
    }

    /// What the sound parts of the index say. Without sound properties it is not known where the
    /// data blocks end and with that which of them the index means; nor which partitions it means
    /// without a sound filter.
    void read_index() {
        Bytes content;
        TableProperties properties;
        if (!read_block(footer_->properties, content) ||
            !sstable::decode_properties(content, footer_->format_version, properties).is_ok())
            return;
        const uint64_t data_end =
            footer_->format_version == 1 ? footer_->filter.offset : properties.data_bytes;
        if (data_end > footer_->filter.offset || !read_block(footer_->index, content)) return;
        if ((footer_->flags & sstable::kPartitionedIndexFlag) == 0)
            return note_sizes(content, 0, data_end);
        uint64_t begin = data_end;
        if (footer_->filter.size != 0) {
            Bytes lines;
            sstable::Filter filter;
            if (!read_block(footer_->filter, lines) || !filter.load(lines).is_ok()) return;
            if (filter.is_partitioned()) begin = filter.piece(filter.pieces() - 1, data_end).end();
        }
        sstable::Index index;
        if (!index.load_partitioned(content, begin, footer_->filter.offset, data_end).is_ok())
            return;
        for (size_t i = 0; i < index.view().blocks(); ++i) {
            if (read_block(index.view().handle(i), content))
                note_sizes(content, index.span(i).data_begin, index.span(i).data_end);
        }
        data_end_ = data_end;
    }

    /// `content`: an index block over the data blocks in [begin, end).
    void note_sizes(Bytes content, uint64_t begin, uint64_t end) {
        std::string packed;
        if (!sstable::pack_index(content, footer_->format_version, begin, end, packed).is_ok())
            return;
        const sstable::IndexView view(packed);
        for (size_t i = 0; i < view.blocks(); ++i)
            sizes_.emplace(view.handle(i).offset, view.handle(i).size);
    }

    /// The content of a block that is stored as it is, if it is sound.
    bool read_block(const sstable::BlockHandle& handle, Bytes& content) const {
        if (!is_block(handle.offset, handle.size) ||
            static_cast<Codec>(bytes_[handle.offset + handle.size]) != Codec::kNone)
            return false;
        content = bytes_.substr(handle.offset, handle.size);
        return true;
    }

    bool is_block(uint64_t offset, uint64_t size) const {
        if (offset > bytes_.size() || size + kBlockTrailerBytes > bytes_.size() - offset)
            return false;
        const auto codec = static_cast<uint8_t>(bytes_[offset + size]);
        return sstable::is_known_codec(codec) &&
               load_fixed64(bytes_.data() + offset + size + 1) ==
                   sstable::block_checksum(bytes_.substr(offset, size), static_cast<Codec>(codec),
                                           number_, offset);
    }

    /// Size of the content that begins at `offset`; 0: no block begins there.
    size_t block_size_at(uint64_t offset, size_t limit) const {
        if (offset + kBlockTrailerBytes >= bytes_.size()) return 0;
        limit = std::min<uint64_t>(limit, bytes_.size() - offset - kBlockTrailerBytes);
        const char* begin = bytes_.data() + offset;
        for (size_t size = 1; size <= limit; ++size) {
            const auto codec = static_cast<uint8_t>(begin[size]);
            if (!sstable::is_known_codec(codec)) continue;
            const uint64_t wanted = load_fixed64(begin + size + 1);
            const Bytes content(begin, size);
            if (sstable::block_checksum(content, static_cast<Codec>(codec), number_, offset) ==
                wanted) {
                return size;
            }
        }
        return 0;
    }

    /// The next place where a block begins, at most kSearchedBytes on or as the index says;
    /// data_end_ when there is none.
    uint64_t find_block(uint64_t from) const {
        const auto named = sizes_.lower_bound(from);
        const uint64_t next = named == sizes_.end() ? data_end_ : named->first;
        const uint64_t end = std::min<uint64_t>(next, from + kSearchedBytes);
        for (uint64_t offset = from; offset < end; ++offset) {
            if (may_begin(offset) && block_size_at(offset, kSearchedBlockBytes) != 0) return offset;
        }
        return next;
    }

    /// No block begins with eight zeros. Where sectors could not be read there are many of them,
    /// and to look for a block at each would take hours.
    bool is_blank(uint64_t offset) const {
        return offset + 8 <= bytes_.size() && load_fixed64(bytes_.data() + offset) == 0;
    }

    /// The first bytes of a plain or tagged block, or the size of a compressed one's content.
    bool may_begin(uint64_t offset) const {
        if (offset + 4 > bytes_.size()) return false;
        const auto first = static_cast<uint8_t>(bytes_[offset]);
        const auto second = static_cast<uint8_t>(bytes_[offset + 1]);
        // Nothing is shared with the key before, and the trailer is not all of the key.
        if (first == 0 && second > kTrailerBytes) return true;
        if (first == static_cast<uint8_t>(sstable::BlockForm::kTagged)) return true;
        const uint32_t size = load_fixed32(bytes_.data() + offset);
        return size != 0 && size <= kLongestBlockBytes;
    }

    bool unpack(uint64_t offset, size_t size, std::string& content) const {
        const auto codec = static_cast<Codec>(bytes_[offset + size]);
        const Bytes stored = bytes_.substr(offset, size);
        if (codec == Codec::kNone) {
            content.assign(stored);
            return true;
        }
        size_t unpacked = 0;
        if (sstable::content_size(codec, stored, unpacked) != nullptr) return false;
        content.resize(unpacked);
        return sstable::decompress(codec, stored, content.data(), unpacked) == nullptr;
    }

    /// All of it entries that a table may hold, behind those before, and not an index.
    bool is_data(Bytes content) {
        sstable::BlockIterator it;
        it.reset(content);
        std::string last = last_key_;
        uint64_t entries = 0, handles_end = 0;
        bool index = true;
        for (it.seek_to_first(); it.valid(); it.next()) {
            if (it.key().size() < kTrailerBytes) return false;
            if (TableReader::entry_problem(trailer_of(it.key()), it.value()) != nullptr)
                return false;
            if (!last.empty() && compare_internal_keys(last, it.key()) >= 0) return false;
            last.assign(it.key());
            index = index && is_handle(it.value(), handles_end);
            ++entries;
        }
        if (it.problem() != nullptr || entries == 0 || index) return false;
        // Since version 2 the data blocks are tagged, and the parts of an index are not.
        const bool tagged = content[0] == static_cast<char>(sstable::BlockForm::kTagged);
        if (has_tagged_ && !tagged) return false;
        has_tagged_ = tagged;
        last_key_ = std::move(last);
        return true;
    }

    /// Whether `value` names the block that begins at `expected`, which is moved behind it.
    static bool is_handle(Bytes value, uint64_t& expected) {
        uint64_t offset = 0, size = 0;
        const char* end = value.data() + value.size();
        const char* p = parse_varint64(value.data(), end, offset);
        if (p != nullptr) p = parse_varint64(p, end, size);
        if (p != end || offset != expected) return false;
        expected = offset + size + kBlockTrailerBytes;
        return true;
    }

    /// Only a sound footer tells range tombstones from other blocks, and only it knows of them.
    void read_tombstones() {
        if (!footer_ || (footer_->flags & sstable::kRangeTombstonesFlag) == 0) return;
        const sstable::BlockHandle& filter = footer_->filter;
        const uint64_t begin = filter.size == 0 ? filter.offset : filter.end();
        const uint64_t end = footer_->properties.offset;
        std::string content;
        const bool found = end > begin + kBlockTrailerBytes &&
                           block_size_at(begin, end - begin) == end - begin - kBlockTrailerBytes &&
                           unpack(begin, end - begin - kBlockTrailerBytes, content);
        if (found && sstable::decode_range_tombstones(content, carved_.tombstones).is_ok()) {
            return;
        }
        carved_.tombstones.clear();
        lose(begin, end);
        carved_.losses.back().what =
            "the range deletes of the table: what they deleted in older tables may show again";
    }

    void lose(uint64_t begin, uint64_t end) {
        Loss loss;
        loss.file = name_;
        loss.offset = begin;
        loss.bytes = end - begin;
        loss.what = "no block with a fitting checksum, and no index that names the keys";
        carved_.losses.push_back(std::move(loss));
    }

    const Bytes bytes_;
    const std::string& name_;
    const uint64_t number_;
    uint64_t data_end_;
    std::optional<sstable::Footer> footer_;
    std::map<uint64_t, size_t> sizes_;  // of data blocks, by offset, as the index has them
    std::string last_key_;              // internal, of the blocks so far
    bool has_tagged_ = false;           // among them
    CarvedTable carved_;
};

}  // namespace

CarvedTable carve_table(const FileImage& image, const std::string& name, uint64_t number) {
    return Carver(image, name, number).run();
}

}  // namespace kv::tools
