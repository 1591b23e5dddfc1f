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
#include "tools/block_search.h"
#include "tools/salvage.h"

namespace kv::tools {

namespace {

using sstable::kBlockTrailerBytes;
using sstable::kFooterBytes;

class Carver {
  public:
    Carver(const FileImage& image, const std::string& name, uint64_t number, bool has_tombstones)
        : bytes_(image.bytes),
          name_(name),
          number_(number),
          has_tombstones_(has_tombstones),
          search_(bytes_, number),
          data_end_(bytes_.size()) {}

    CarvedTable run() {
        read_footer();
        if (footer_)
            read_index();
        else
            read_tail();
        for (uint64_t offset = 0; offset < data_end_;) {
            const auto here = block_at(offset);
            if (!here) {
                const uint64_t next = find_block(offset + 1);
                lose(offset, next);
                offset = next;
                continue;
            }
            const bool taken = take(here->block);
            // Filter, properties or index: the data blocks are behind us.
            if (!taken && !here->is_data) break;
            if (!taken) lose(offset, here->block.end());
            offset = here->block.end();
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
        has_tombstones_ = (footer->flags & sstable::kRangeTombstonesFlag) != 0;
        footer_ = *footer;
    }

    /// Without a footer, the properties still say where the data blocks end, and the index lies
    /// behind them. In one block, it says where each data block lies; parts of one cannot be told
    /// without the footer.
    void read_tail() {
        const auto at = search_.find_properties();
        TableProperties properties;
        Bytes content;
        // Those of version 1 have less in them, so this holds for both.
        if (!at || !read_block(*at, content) ||
            !sstable::decode_properties(content, 1, properties).is_ok() ||
            properties.data_bytes > at->offset)
            return;
        data_end_ = properties.data_bytes;
        properties_at_ = at->offset;
        has_tombstones_ = properties.range_tombstones != 0;
        const auto index = search_.block_at(at->end());
        if (!index || !read_block(index->block, content)) return;
        for (const uint32_t version : {sstable::kTableFormatVersion, 1U})
            if (sizes_.empty()) note_sizes(content, version, 0, data_end_);
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
        if (data_end > footer_->filter.offset) return;
        data_end_ = data_end;
        if (!read_block(footer_->index, content)) return;
        const uint32_t version = footer_->format_version;
        if ((footer_->flags & sstable::kPartitionedIndexFlag) == 0)
            return note_sizes(content, version, 0, data_end);
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
                note_sizes(content, version, index.span(i).data_begin, index.span(i).data_end);
        }
    }

    /// `content`: an index block over the data blocks in [begin, end).
    void note_sizes(Bytes content, uint32_t version, uint64_t begin, uint64_t end) {
        std::string packed;
        if (!sstable::pack_index(content, version, begin, end, packed).is_ok()) return;
        const sstable::IndexView view(packed);
        for (size_t i = 0; i < view.blocks(); ++i)
            sizes_.emplace(view.handle(i).offset, view.handle(i).size);
    }

    /// The content of a block that is stored as it is, if it is sound.
    bool read_block(const sstable::BlockHandle& handle, Bytes& content) const {
        if (!search_.is_block(handle.offset, handle.size) ||
            static_cast<Codec>(bytes_[handle.offset + handle.size]) != Codec::kNone)
            return false;
        content = bytes_.substr(handle.offset, handle.size);
        return true;
    }

    /// The block that should be there: as the index says, sound or not, or as it is found.
    std::optional<BlockSearch::Found> block_at(uint64_t offset) {
        const auto named = sizes_.find(offset);
        if (named == sizes_.end()) return search_.block_at(offset);
        return BlockSearch::Found{{offset, named->second}, true};
    }

    /// The next place where a block begins, found or as the index says; data_end_ when there is
    /// none.
    uint64_t find_block(uint64_t from) {
        const auto named = sizes_.lower_bound(from);
        const uint64_t next = named == sizes_.end() ? data_end_ : named->first;
        const auto found = search_.next_block(from, next);
        return found ? found->block.offset : next;
    }

    /// Takes what it holds, if it is a sound block of data.
    bool take(const sstable::BlockHandle& block) {
        std::string content;
        if (!search_.is_block(block.offset, block.size) ||
            !unpack(block.offset, block.size, content) || !is_data(content))
            return false;
        carved_.blocks.push_back({block.offset, std::move(content)});
        return true;
    }

    bool unpack(uint64_t offset, uint64_t size, std::string& content) const {
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
        // Since version 2 the data blocks are tagged, and the parts of an index are not.
        const bool tagged = content[0] == static_cast<char>(sstable::BlockForm::kTagged);
        bool index = !tagged;
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

    /// They lie in front of the properties, and begin where a sound footer says.
    void read_tombstones() {
        if (!has_tombstones_) return;
        uint64_t begin = data_end_, end = properties_at_;
        bool found = false;
        if (footer_) {
            const sstable::BlockHandle& filter = footer_->filter;
            begin = filter.size == 0 ? filter.offset : filter.end();
            end = footer_->properties.offset;
            found = are_tombstones(begin, end);
        }
        for (uint64_t from = end; !footer_ && !found && from-- > begin;)
            found = are_tombstones(from, end);
        if (found) return;
        lose(begin, std::max(begin, end));
        carved_.losses.back().what =
            "the range deletes of the table: what they deleted in older tables may show again";
    }

    /// Whether the bytes are a sound block of range tombstones, which are taken then.
    bool are_tombstones(uint64_t begin, uint64_t end) {
        if (end < begin + kBlockTrailerBytes) return false;
        const uint64_t size = end - begin - kBlockTrailerBytes;
        const Bytes content = bytes_.substr(begin, size);
        std::vector<RangeTombstone> tombstones;
        if (!sstable::decode_range_tombstones(content, tombstones).is_ok() ||
            !search_.is_block(begin, size) || bytes_[begin + size] != '\0')
            return false;
        carved_.tombstones = std::move(tombstones);
        return true;
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
    bool has_tombstones_;  // of ranges; as the MANIFEST says, unless the table does
    BlockSearch search_;
    uint64_t data_end_;
    uint64_t properties_at_ = 0;  // 0: not known without a footer
    std::optional<sstable::Footer> footer_;
    std::map<uint64_t, uint64_t> sizes_;  // of data blocks, by offset, as the index has them
    std::string last_key_;                // internal, of the blocks so far
    bool has_tagged_ = false;             // among them
    CarvedTable carved_;
};

}  // namespace

CarvedTable carve_table(const FileImage& image, const std::string& name, uint64_t number,
                        bool has_tombstones) {
    return Carver(image, name, number, has_tombstones).run();
}

}  // namespace kv::tools
