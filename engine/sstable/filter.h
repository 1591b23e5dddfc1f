// A blocked Bloom filter over hashes of user keys: all bits of a key lie in one 64-byte cache line,
// so a question costs one cache miss. Layout: engine/docs/sstable_format.md.
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

namespace kv::sstable {

/// The filter block's content for these hash64 values of user keys (duplicates are harmless).
std::string build_filter(const std::vector<uint64_t>& hashes, uint32_t bits_per_key);

class Filter {
  public:
    /// A filter that passes everything.
    Filter() = default;

    /// Copies `content`, aligned to cache lines. kCorruption (without a file name) when its shape
    /// is wrong.
    Status load(Bytes content);

    /// False: surely no entry of that user key is in the table.
    bool may_contain(uint64_t user_key_hash) const;
    bool empty() const { return lines_ == 0; }
    size_t memory_bytes() const { return size_t{lines_} * 64; }

  private:
    struct Line;
    struct Free {
        void operator()(Line* lines) const;
    };
    std::unique_ptr<Line[], Free> bits_;
    uint32_t lines_ = 0;
    uint32_t probes_ = 0;
};

}  // namespace kv::sstable
