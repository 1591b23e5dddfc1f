// Index: which data block holds a key. Parsed once from the index block into arrays that a search
// touches with few cache misses: 8-byte key prefixes first, whole separators only on a tie.
// Thread rule: immutable once loaded.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/status.h"
#include "sstable/table_format.h"

namespace kv::sstable {

/// Appends the separator that follows a block ending in `last_key`: an internal key >= `last_key`
/// and smaller than every key of the next block, whose first user key is `next_user_key`.
void append_separator(std::string& out, Bytes last_key, Bytes next_user_key);

void append_handle(std::string& out, const BlockHandle& handle);

class Index {
  public:
    /// Parses an index block's content and checks that the blocks it names lie end to end over
    /// [0, data_end). kCorruption without a file name.
    Status load(Bytes content, uint64_t data_end);

    size_t blocks() const { return handles_.size(); }
    BlockHandle handle(size_t position) const {
        return {handles_[position].offset, handles_[position].size};
    }
    /// Internal key >= every key of the block, < every key of the next.
    Bytes separator(size_t position) const;

    /// Position of the first block whose separator is >= the internal key (user_key, trailer);
    /// blocks() when there is none.
    size_t find(Bytes user_key, uint64_t trailer) const;

    size_t memory_bytes() const;

  private:
    struct Entry {
        uint64_t offset;
        uint32_t size;
        uint32_t key_end;  // in keys_; the separator begins at the end of the one before
    };
    std::vector<uint64_t> prefixes_;  // of the separators' user keys
    std::vector<Entry> handles_;
    std::string keys_;
};

}  // namespace kv::sstable
