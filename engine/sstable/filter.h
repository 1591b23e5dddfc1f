// A blocked Bloom filter over hashes of user keys: all bits of a key lie in one 64-byte cache line,
// so a question costs one cache miss. A large filter is stored in pieces of whole lines, which come
// through the block cache; the hash says which. Layout: engine/docs/sstable_format.md.
//
// Source of the idea: Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom Filters".
// Thread rule: immutable once loaded.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/status.h"
#include "sstable/table_format.h"

namespace kv::sstable {

inline constexpr size_t kFilterLineBytes = 64;

/// What follows the lines of a filter in one block.
inline constexpr size_t kFilterTailBytes = 8;

/// Gathers the keys of a table and makes their filter. One thread at a time.
class FilterBuilder {
  public:
    /// hash64 of a user key; duplicates are harmless.
    void add(uint64_t user_key_hash);
    bool empty() const { return chunks_.empty(); }
    /// The content of a filter in one block: the lines, then kFilterTailBytes.
    std::string finish(uint32_t bits_per_key) const;

  private:
    // One array of them would be copied as it grows, through ever larger pieces of the heap: 8 MiB
    // for a million keys.
    std::vector<std::vector<uint64_t>> chunks_;  // full, but for the last
};

/// The content of the filter block whose lines are stored apart, `piece_lines` at a time, from the
/// tail of the filter in one block.
std::string partitioned_filter(Bytes tail, uint32_t piece_lines);

class Filter {
  public:
    /// A filter that passes everything.
    Filter() = default;

    /// Copies `content`, lines aligned to cache lines. kCorruption (without a file name) when its
    /// shape is wrong, kUnsupported when its kind is not known.
    Status load(Bytes content);
    bool empty() const { return lines_ == 0; }

    /// False: surely no entry of that user key is in the table. Not for a partitioned filter.
    bool may_contain(uint64_t user_key_hash) const;

    bool is_partitioned() const { return piece_lines_ != 0; }
    size_t pieces() const;
    /// Where a piece lies when the first one begins at `begin`.
    BlockHandle piece(size_t index, uint64_t begin) const;
    size_t piece_of(uint64_t user_key_hash) const;
    /// The question for the piece of that hash; `content` is that piece's.
    bool piece_may_contain(Bytes content, uint64_t user_key_hash) const;
    /// Begins to bring the line that answers into the processor's cache; `content` as above, of a
    /// partitioned filter alone.
    void prefetch(Bytes content, uint64_t user_key_hash) const;
    /// The content that an unpartitioned filter of these lines would have.
    std::string whole(Bytes lines) const;

    size_t memory_bytes() const { return bits_ == nullptr ? 0 : size_t{lines_} * kFilterLineBytes; }

  private:
    struct Line;
    struct Free {
        void operator()(Line* lines) const;
    };
    std::unique_ptr<Line[], Free> bits_;
    uint32_t lines_ = 0;
    uint32_t probes_ = 0;
    uint32_t piece_lines_ = 0;  // 0: not partitioned
};

}  // namespace kv::sstable
