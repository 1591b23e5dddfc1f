// Index: which data block holds a key. An index block is parsed once into one run of memory that a
// search touches with few cache misses: 8-byte key prefixes in groups, below one prefix for each
// group; whole separators only on a tie.
// A small index is one such run; a large one is a run that names partitions, each a run of its own
// that comes through the block cache (IndexCursor puts the two together).
// Thread rule: immutable once loaded.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/coding.h"
#include "kv/bytes.h"
#include "kv/status.h"
#include "sstable/table_format.h"

namespace kv::sstable {

/// Appends the separator that follows a block ending in `last_key`: an internal key >= `last_key`
/// and smaller than every key of the next block, whose first user key is `next_user_key`.
void append_separator(std::string& out, Bytes last_key, Bytes next_user_key);

/// A run of memory that pack_index made, searched in place.
class IndexView {
  public:
    IndexView() = default;
    /// `packed` must stay in place.
    explicit IndexView(Bytes packed);

    /// Data blocks (or partitions) that it names.
    size_t blocks() const { return count_; }
    /// Requires position < blocks(), as do those below.
    BlockHandle handle(size_t position) const {
        const char* entry = entries_ + kEntryBytes * position;
        return {load_fixed64(entry), load_fixed32(entry + 8)};
    }
    /// Internal key >= every key of the block, < every key of the next.
    Bytes separator(size_t position) const {
        const uint32_t begin = position == 0 ? 0 : key_end(position - 1);
        return {keys_ + begin, key_end(position) - begin};
    }
    /// Position of the first block whose separator is >= the internal key (user_key, trailer);
    /// blocks() when there is none.
    size_t find(Bytes user_key, uint64_t trailer) const;

  private:
    friend class IndexPacker;
    // count u32, common u32 | the common bytes | the last prefix of each group u64 * groups |
    // prefix u64 * count | offset u64, size u32, key end u32 * count | keys
    static constexpr size_t kHeaderBytes = 8;
    static constexpr size_t kEntryBytes = 16;
    // A group and what it says of its blocks are six cache lines, fetched at once.
    static constexpr size_t kGroup = 16;
    static constexpr size_t groups_of(size_t count) { return (count + kGroup - 1) / kGroup; }
    size_t find_prefix(uint64_t target) const;
    size_t find_among_equal(size_t low, Bytes user_key, uint64_t trailer) const;
    uint32_t key_end(size_t position) const {
        return load_fixed32(entries_ + kEntryBytes * position + 12);
    }
    uint64_t prefix(size_t position) const { return load_fixed64(prefixes_ + 8 * position); }

    Bytes common_;  // what all user keys of separators begin with
    const char* group_ends_ = nullptr;
    const char* prefixes_ = nullptr;  // 8 bytes of the separators' user keys behind `common_`
    const char* entries_ = nullptr;
    const char* keys_ = nullptr;
    size_t count_ = 0;
};

/// Parses the content of an index block over data blocks that must lie end to end over
/// [begin, end). kCorruption without a file name.
Status pack_index(Bytes content, uint32_t format_version, uint64_t begin, uint64_t end,
                  std::string& packed);

class Index {
  public:
    /// The part of the table that a partition covers.
    struct Span {
        uint64_t data_begin = 0;
        uint64_t data_end = 0;
        uint64_t first_block = 0;  // number of its first data block
        uint64_t blocks = 0;
    };

    /// An index in one block, over the data blocks in [0, data_end).
    Status load(Bytes content, uint32_t format_version, uint64_t data_end);
    /// A partitioned one; the partitions must lie end to end over [begin, end).
    Status load_partitioned(Bytes content, uint64_t begin, uint64_t end, uint64_t data_end);

    bool is_partitioned() const { return !spans_.empty(); }
    /// Of the data blocks, or of the partitions.
    const IndexView& view() const { return view_; }
    const Span& span(size_t partition) const { return spans_[partition]; }
    /// Data blocks of the table.
    uint64_t blocks() const;

    size_t memory_bytes() const { return packed_.capacity() + spans_.capacity() * sizeof(Span); }

  private:
    std::string packed_;
    IndexView view_;
    std::vector<Span> spans_;
};

/// The entry of a data block in an index block, and of a partition in the block that names them.
void append_index_entry(std::string& out, uint64_t block_size);
void append_partition_entry(std::string& out, uint64_t partition_size, uint64_t data_bytes,
                            uint64_t data_blocks);

}  // namespace kv::sstable
