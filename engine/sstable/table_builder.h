// TableBuilder: writes one table file, front to back, from entries in internal-key order.
// Callers: flush, compaction, repair. engine/docs/sstable_format.md is the format.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kv/file_system.h"
#include "record/range_tombstones.h"
#include "sstable/block_builder.h"
#include "sstable/codec.h"
#include "sstable/filter.h"
#include "sstable/index_builder.h"
#include "sstable/table_format.h"
#include "sstable/table_options.h"

namespace kv {

class TableBuilder {
  public:
    /// Creates or empties `path`. Fails as FileSystem::create does.
    static Result<std::unique_ptr<TableBuilder>> create(FileSystem& fs, std::string path,
                                                        uint64_t file_number,
                                                        const TableOptions& options);
    /// An unfinished file is left as it is: call abandon() to remove it.
    ~TableBuilder() = default;

    /// Adds an entry; both are copied. kCorruption when `internal_key` is not greater than the one
    /// before, is too short or of an unknown kind (the source is damaged; the file must be
    /// abandoned). kNoSpace, kIoError from the disk. After an error every call gives it again.
    Status add(Bytes internal_key, Bytes value);
    /// Adds a range tombstone, at any time; the table's bounds grow to cover it. kCorruption when
    /// its keys or its seqno cannot be.
    Status add_range_tombstone(const RangeTombstone& tombstone);

    /// Size of the file if it were finished now, without index, filter and properties.
    uint64_t estimated_bytes() const { return offset_ + block_.size_bytes() + tombstone_bytes_; }
    uint64_t entries() const { return properties_.entries; }

    /// Writes what is left, syncs the file (not its directory) and closes it. Requires at least one
    /// entry or range tombstone. On an error the file is worthless.
    Result<TableProperties> finish();

    /// Closes and removes the file.
    Status abandon();

  private:
    TableBuilder(FileSystem& fs, std::string path, uint64_t file_number,
                 const TableOptions& options, std::unique_ptr<WritableFile> file);

    Status check_entry(Bytes internal_key, Bytes value) const;
    void count_entry(Bytes internal_key, Bytes value);
    bool is_block_full(Bytes internal_key, Bytes value) const;
    uint64_t stored_end(size_t content_size) const;
    void begin_data_block();
    Status close_data_block(const Bytes* next_user_key);
    Status write_block(Bytes content, Codec codec, sstable::BlockHandle& handle);
    Status flush_buffer(size_t bytes);
    Status write_filter_pieces(std::string& filter);
    Status write_index_partitions(std::string& index);
    Status write_tail();
    Status fail(Status status);

    FileSystem& fs_;
    const std::string path_;
    const uint64_t file_number_;
    const TableOptions options_;
    std::unique_ptr<WritableFile> file_;

    sstable::BlockBuilder block_;
    sstable::IndexBuilder index_;
    sstable::BlockCompressor compressor_;
    std::string stored_;      // the block being written, compressed or padded
    const bool fits_pages_;   // data blocks end with pages, where they can
    uint64_t block_end_ = 0;  // where the data block is meant to end in the file
    bool has_padded_blocks_ = false;
    uint64_t last_hash_ = 0;         // of the last user key
    sstable::FilterBuilder filter_;  // of each user key
    std::vector<RangeTombstone> tombstones_;
    uint64_t tombstone_bytes_ = 0;  // about what they will take
    std::string last_key_;          // internal
    std::string block_checksums_;   // 8 bytes a block, in file order
    std::string buffer_;            // bytes [written_, offset_) of the file
    uint64_t written_ = 0;
    uint64_t writeback_started_ = 0;
    uint64_t offset_ = 0;
    TableProperties properties_;
    Status status_;
};

}  // namespace kv
