// TableReader: one open table file. Index, filter, range tombstones and properties stay in memory
// while it is open, of a large index or filter only what says where its parts lie; parts and data
// blocks come from the block cache or from the disk, where every block's checksum is verified on
// every read.
//
// Thread rule: immutable after open, but for what only speeds it up; everything from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cache/block_cache.h"
#include "iterator/internal_iterator.h"
#include "kv/file_system.h"
#include "record/internal_key.h"
#include "record/range_tombstones.h"
#include "sstable/filter.h"
#include "sstable/held_parts.h"
#include "sstable/hit_streak.h"
#include "sstable/index.h"
#include "sstable/table_format.h"
#include "sstable/table_options.h"
#include "sstable/table_part.h"
#include "sstable/table_read.h"

namespace kv {

/// What the MANIFEST says a table is; 0 = not checked.
struct TableExpectation {
    uint64_t size_bytes = 0;
    uint64_t checksum = 0;
};

class TableReader : public std::enable_shared_from_this<TableReader> {
  public:
    /// Opens a table and reads its tail. `cache` may be null and must outlive the reader.
    /// kNotFound, kIoError; kCorruption naming path and offset; kUnsupported naming both versions.
    static Result<std::shared_ptr<TableReader>> open(FileSystem& fs, const std::string& path,
                                                     uint64_t file_number, BlockCache* cache,
                                                     const TableExpectation& expected = {});

    /// The newest version of `user_key` with seqno <= `seqno`. `user_key_hash` is
    /// hash64(user_key), computed once for all tables. Errors: kWouldBlock (cache_only and not in
    /// the cache), kCorruption, kIoError; `out.found` is then false.
    Status get(Bytes user_key, uint64_t user_key_hash, Seqno seqno, const ReadMode& mode,
               TableGet& out) const;

    /// Begins to bring what get() asks first into the processor's cache.
    void prefetch_filter(uint64_t user_key_hash) const;

    /// All versions in internal-key order; keeps the reader alive.
    std::unique_ptr<InternalIterator> new_iterator(const ReadMode& mode = {}) const;

    /// Where in the file the entries of `user_key` would begin; for splitting and size estimates.
    uint64_t approximate_offset(Bytes user_key) const;

    /// Reads everything and checks what open does not: every block, the order of all entries, that
    /// the filter passes every key, that the properties tell the truth, the table checksum.
    Status verify() const;

    const TableProperties& properties() const { return properties_; }
    /// The table's range tombstones; null when it has none. get() and iterators know nothing of
    /// them: who reads several tables must apply them to the older ones too.
    const RangeTombstoneSetPtr& range_tombstones() const { return range_tombstones_; }
    const sstable::Footer& footer() const { return footer_; }
    /// IndexCursor walks the data blocks that it names.
    const sstable::Index& index() const { return index_; }
    const sstable::Filter& filter() const { return filter_; }
    /// Of the point reads of this table, which keep it; a matter of speed only.
    sstable::HitStreak& hit_streak() const { return hit_streak_; }
    const std::string& path() const { return path_; }
    uint64_t file_number() const { return footer_.file_number; }
    uint64_t size_bytes() const { return properties_.size_bytes; }
    /// The block of range tombstones; size 0 without one.
    sstable::BlockHandle range_tombstone_handle() const;
    /// Where the data blocks end.
    uint64_t data_end() const { return data_end_; }
    /// Heap bytes of index, filter and range tombstones.
    size_t memory_bytes() const;

    /// A part of the table from the cache, empty when it is not there; for TableSearch and others
    /// that look for parts themselves.
    BlockRef find_part(const TablePart& part) const;
    /// The same, from the disk if need be. `from_cache`, if not null, says which. kWouldBlock
    /// (cache_only), kCorruption, kIoError.
    Result<BlockRef> read_part(const TablePart& part, const ReadMode& mode,
                               bool* from_cache = nullptr) const;
    /// Memory for a part that may be kept.
    BlockRef allocate_part(size_t bytes) const {
        return cache_ == nullptr ? BlockRef::allocate(bytes) : cache_->allocate(bytes);
    }
    /// What read_part makes of a part as it lies in the file. `stored` is the only reference to it.
    Result<BlockRef> admit_part(const TablePart& part, BlockRef stored,
                                const ReadMode& mode) const {
        return admit(part, std::move(stored), is_kept(part, mode));
    }
    /// The answer of a cache-only read that needs `part`.
    Status part_is_missing(const TablePart& part) const;
    /// The lines in a filter piece, as Filter::piece_may_contain takes them.
    static Bytes filter_lines(const BlockRef& part, const TablePart& which);
    /// A data block; for dumps and iterators.
    Result<BlockRef> read_data_block(const sstable::BlockHandle& handle, const ReadMode& mode,
                                     BlockCache::Use use, bool* from_cache = nullptr) const {
        return read_part(TablePart::data_block(handle, use), mode, from_cache);
    }
    /// A partition of the index as IndexView searches it; for IndexCursor.
    Result<BlockRef> read_index_partition(size_t partition, const ReadMode& mode) const {
        return read_part(TablePart::index_partition(index_.view().handle(partition), partition),
                         mode);
    }
    /// Checks `stored` (content and trailer, as it lies in the file at `offset`): checksum, and
    /// that the codec is one this version reads.
    Status verify_block(Bytes stored, uint64_t offset) const;
    /// The same for a block that is never compressed.
    Status verify_plain_block(Bytes stored, uint64_t offset) const;
    /// The content of a block as it lies in the file at `offset`, verified and decompressed, for
    /// short use.
    Result<BlockRef> unpack_block(Bytes stored, uint64_t offset) const {
        return unpack(stored, offset, false);
    }
    /// Reads exactly these bytes of the file, unverified.
    Status read_range(uint64_t offset, size_t length, char* out) const;
    /// The outcome of a read of these bytes: kCorruption when there were fewer.
    Status check_read(uint64_t offset, size_t length, const Result<size_t>& got) const;
    const RandomAccessFile& file() const { return *file_; }
    /// What is wrong with an entry of a data block (unknown kind, no room for its expiry), or null.
    static const char* entry_problem(uint64_t trailer, Bytes value) {
        const Kind kind = trailer_kind(trailer);
        if (kind == Kind::kPut) [[likely]]
            return nullptr;
        if (!is_known_kind(static_cast<uint8_t>(kind))) return "an entry is of an unknown kind";
        if (kind == Kind::kPutWithExpiry && value.size() < kExpiryBytes)
            return "an entry has no room for its expiry";
        return nullptr;
    }
    /// kCorruption that names this file and `offset`.
    Status corruption(uint64_t offset, std::string_view what) const;

  private:
    TableReader() = default;
    Status load(uint64_t file_number, const TableExpectation& expected);
    Status load_footer(uint64_t file_number, uint64_t file_size, Bytes tail,
                       const TableExpectation& expected);
    Status load_blocks(Bytes tail, uint64_t tail_offset);
    Status load_range_tombstones(Bytes content);
    Status load_index(Bytes content);
    size_t index_parts() const;
    /// Whether a part that had to be read goes into the cache. Asks the cache, once for each read.
    bool is_kept(const TablePart& part, const ReadMode& mode) const;
    Result<BlockRef> admit(const TablePart& part, BlockRef stored, bool keep) const;
    Result<BlockRef> prepare_part(const TablePart& part, BlockRef stored, bool keep) const;
    Result<BlockRef> unpack(Bytes stored, uint64_t offset, bool keep) const;
    Result<BlockRef> prepare_data(const TablePart& part, BlockRef stored, bool keep) const;
    BlockRef ordered(const BlockRef& block) const;
    BlockRef aligned_lines(Bytes content) const;
    Result<BlockRef> prepare_index_partition(const TablePart& part, Bytes content) const;

    // Set once by open.
    std::string path_;
    std::shared_ptr<RandomAccessFile> file_;
    BlockCache* cache_ = nullptr;
    sstable::Footer footer_;
    sstable::Index index_;
    sstable::Filter filter_;
    RangeTombstoneSetPtr range_tombstones_;
    uint64_t tombstone_count_ = 0;
    TableProperties properties_;
    uint64_t data_end_ = 0;

    mutable HeldParts held_parts_;
    alignas(64) mutable sstable::HitStreak hit_streak_;  // written, away from what is only read
};

}  // namespace kv
