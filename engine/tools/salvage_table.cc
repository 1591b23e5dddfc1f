// The readable part of a table: see salvage.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compaction/output.h"
#include "record/file_names.h"
#include "sstable/block.h"
#include "sstable/index_cursor.h"
#include "sstable/table_builder.h"
#include "sstable/table_reader.h"
#include "tools/salvage.h"

namespace kv::tools {

namespace {

constexpr size_t kReadBytes = 256U << 10;
/// What is given up around a place that the disk cannot read.
constexpr size_t kSectorBytes = 4096;

std::string user_key_text(Bytes internal_key) {
    return internal_key.size() < kTrailerBytes ? std::string()
                                               : std::string(user_key_of(internal_key));
}

class TableSalvage {
  public:
    TableSalvage(FileSystem& fs, const std::string& dir, const std::string& out, uint64_t number,
                 const FileMeta* listed)
        : fs_(fs),
          name_(table_file_name(number)),
          path_(join_path(dir, name_)),
          out_path_(join_path(out, name_)),
          number_(number),
          listed_(listed) {}

    Result<SalvagedTable> run() {
        const auto table = TableReader::open(fs_, path_, number_, nullptr);
        if (table) return salvage_open_table(**table);
        if (table.error().is(Code::kUnsupported)) return table.error();
        if (table.error().is(Code::kNotFound)) {
            lose_all("the file is missing");
            return std::move(result_);
        }
        return salvage_by_carving(table.error());
    }

  private:
    Result<SalvagedTable> salvage_open_table(const TableReader& table) {
        const bool meant = listed_ == nullptr || (listed_->size_bytes == table.size_bytes() &&
                                                  listed_->checksum == table.properties().checksum);
        if (!meant) {
            lose_all("a sound table, but not the one that the MANIFEST means");
            return std::move(result_);
        }
        if (table.verify().is_ok()) {
            KV_RETURN_IF_ERROR(copy(table.size_bytes()));
            result_.how = SalvagedTable::How::kCopied;
            result_.meta = file_meta_of(table.properties());
            return std::move(result_);
        }
        std::vector<Place> places;
        if (const Status listed = list_blocks(table, places); !listed.is_ok())
            return salvage_by_carving(listed);
        options_.codec = table.properties().codec;
        KV_RETURN_IF_ERROR(begin());
        std::vector<RangeTombstone> tombstones;
        if (table.range_tombstones() != nullptr) table.range_tombstones()->append_to(tombstones);
        for (const Place& place : places) KV_RETURN_IF_ERROR(add_block_of(table, place));
        // Exact in the sum; which block held how many of them nobody can tell.
        const uint64_t lost =
            table.properties().entries - std::min(table.properties().entries, builder_->entries());
        if (!result_.losses.empty()) result_.losses.front().entries = lost;
        return finish(tombstones);
    }

    /// A data block, and the separators before and behind it.
    struct Place {
        sstable::BlockHandle handle;
        std::string first_key, last_key;
    };

    /// Fails when a part of the index cannot be read.
    static Status list_blocks(const TableReader& table, std::vector<Place>& places) {
        ReadMode mode;
        mode.fill_cache = false;
        IndexCursor cursor(table);
        std::string first_key = user_key_text(table.properties().smallest);
        KV_RETURN_IF_ERROR(cursor.seek_to_first(mode));
        while (cursor.valid()) {
            places.push_back({cursor.handle(), first_key, user_key_text(cursor.separator())});
            first_key = places.back().last_key;
            KV_RETURN_IF_ERROR(cursor.next(mode));
        }
        return Status::ok();
    }

    Status add_block_of(const TableReader& table, const Place& place) {
        ReadMode mode;
        mode.fill_cache = false;
        const auto block = table.read_data_block(place.handle, mode, BlockCache::Use::kScan);
        std::string why;
        if (block) {
            KV_ASSIGN_OR_RETURN(why, add_entries(block->bytes()));
            if (why.empty()) return Status::ok();
        }
        const sstable::BlockHandle& handle = place.handle;
        Loss loss = loss_at(handle.offset, handle.size + sstable::kBlockTrailerBytes);
        loss.what = block ? why : std::string(block.error().message());
        loss.first_key = place.first_key;
        loss.last_key = place.last_key;
        result_.losses.push_back(std::move(loss));
        return Status::ok();
    }

    /// Entries up to the first that cannot be; says what is wrong with that one, or nothing.
    Result<std::string> add_entries(Bytes content) {
        sstable::BlockIterator it;
        it.reset(content);
        for (it.seek_to_first(); it.valid(); it.next()) {
            if (it.key().size() < kTrailerBytes) return std::string("a key without a trailer");
            const char* problem = TableReader::entry_problem(trailer_of(it.key()), it.value());
            if (problem != nullptr) return std::string(problem);
            if (!last_key_.empty() && compare_internal_keys(last_key_, it.key()) >= 0) {
                return std::string("entries are out of order");
            }
            KV_RETURN_IF_ERROR(builder_->add(it.key(), it.value()));
            last_key_.assign(it.key());
        }
        return std::string(it.problem() == nullptr ? "" : it.problem());
    }

    Result<SalvagedTable> salvage_by_carving(const Status& why) {
        const auto image = read_image(fs_, path_);
        if (!image) {
            lose_all(std::string(image.error().message()));
            return std::move(result_);
        }
        const bool has_tombstones = listed_ != nullptr && listed_->range_tombstones != 0;
        CarvedTable carved = carve_table(*image, name_, number_, has_tombstones);
        KV_RETURN_IF_ERROR(begin());
        std::string before;
        for (const CarvedBlock& block : carved.blocks) {
            KV_ASSIGN_OR_RETURN(const std::string problem, add_entries(block.content));
            if (problem.empty()) continue;
            Loss loss = loss_at(block.offset, block.content.size());
            loss.what = problem;
            carved.losses.push_back(std::move(loss));
        }
        result_.losses = std::move(carved.losses);
        for (Loss& loss : result_.losses) name_keys(loss);
        if (listed_ == nullptr || listed_->entries > builder_->entries()) {
            Loss rest = loss_at(0, 0);
            if (listed_ != nullptr) rest.entries = listed_->entries - builder_->entries();
            name_keys(rest);
            rest.what =
                "the table was put together from its blocks alone, what they do not hold "
                "is lost: " +
                std::string(why.message());
            result_.losses.push_back(std::move(rest));
        }
        return finish(carved.tombstones);
    }

    /// The range that the MANIFEST gives the table is all that is known.
    void name_keys(Loss& loss) const {
        if (listed_ == nullptr || loss.first_key) return;
        loss.first_key = user_key_text(listed_->smallest);
        loss.last_key = user_key_text(listed_->largest);
        loss.first_seqno = listed_->smallest_seqno;
        loss.last_seqno = listed_->largest_seqno;
    }

    Status begin() {
        options_.reason = TableReason::kRepair;
        KV_ASSIGN_OR_RETURN(builder_, TableBuilder::create(fs_, out_path_, number_, options_));
        return Status::ok();
    }

    Result<SalvagedTable> finish(const std::vector<RangeTombstone>& tombstones) {
        for (const RangeTombstone& tombstone : tombstones) {
            KV_RETURN_IF_ERROR(builder_->add_range_tombstone(tombstone));
        }
        if (builder_->entries() == 0 && tombstones.empty()) {
            KV_RETURN_IF_ERROR(builder_->abandon());
            return std::move(result_);
        }
        KV_ASSIGN_OR_RETURN(const TableProperties properties, builder_->finish());
        result_.how = SalvagedTable::How::kRewritten;
        result_.meta = file_meta_of(properties);
        return std::move(result_);
    }

    Status copy(uint64_t size) {
        KV_ASSIGN_OR_RETURN(const auto from, fs_.open(path_));
        KV_ASSIGN_OR_RETURN(const auto to, fs_.create(out_path_));
        std::string buffer(kReadBytes, '\0');
        for (uint64_t offset = 0; offset < size;) {
            KV_ASSIGN_OR_RETURN(const size_t got,
                                from->read_at(offset, buffer.size(), buffer.data()));
            if (got == 0) return Status::io_error(path_ + " became shorter while it was copied");
            KV_RETURN_IF_ERROR(to->write_at(offset, Bytes(buffer.data(), got)));
            offset += got;
        }
        return to->sync();
    }

    Loss loss_at(uint64_t offset, uint64_t bytes) const {
        Loss loss;
        loss.file = name_;
        loss.offset = offset;
        loss.bytes = bytes;
        return loss;
    }

    void lose_all(std::string what) {
        Loss loss = loss_at(0, listed_ == nullptr ? 0 : listed_->size_bytes);
        if (listed_ != nullptr) loss.entries = listed_->entries;
        name_keys(loss);
        loss.what = std::move(what);
        result_.losses.push_back(std::move(loss));
    }

    FileSystem& fs_;
    const std::string name_, path_, out_path_;
    const uint64_t number_;
    const FileMeta* const listed_;
    TableOptions options_;
    std::unique_ptr<TableBuilder> builder_;
    std::string last_key_;  // internal, of the entry added last
    SalvagedTable result_;
};

}  // namespace

Result<FileImage> read_image(FileSystem& fs, const std::string& path) {
    KV_ASSIGN_OR_RETURN(const auto file, fs.open(path));
    KV_ASSIGN_OR_RETURN(const uint64_t size, file->size());
    FileImage image;
    image.bytes.assign(size, '\0');
    for (uint64_t offset = 0; offset < size;) {
        const size_t want = std::min<uint64_t>(kReadBytes, size - offset);
        const auto got = file->read_at(offset, want, image.bytes.data() + offset);
        if (got && *got == want) {
            offset += want;
            continue;
        }
        // Sector by sector, so that one bad place costs as little as possible.
        for (const uint64_t end = offset + want; offset < end; offset += kSectorBytes) {
            const size_t piece = std::min<uint64_t>(kSectorBytes, end - offset);
            const auto part = file->read_at(offset, piece, image.bytes.data() + offset);
            if (part && *part == piece) continue;
            std::fill_n(image.bytes.data() + offset, piece, '\0');
            image.holes.push_back({offset, piece});
        }
        offset = std::min<uint64_t>(offset, size);
    }
    return image;
}

Result<SalvagedTable> salvage_table(FileSystem& fs, const std::string& dir, const std::string& out,
                                    uint64_t number, const FileMeta* listed) {
    return TableSalvage(fs, dir, out, number, listed).run();
}

}  // namespace kv::tools
