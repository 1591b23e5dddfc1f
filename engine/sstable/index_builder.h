// IndexBuilder: collects the separators and sizes of a table's data blocks and gives the content of
// the index: one block, or partitions and the block that names them.
// Caller: the table builder. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/bytes.h"

namespace kv::sstable {

class IndexBuilder {
  public:
    struct Partition {
        std::string content;
        std::string separator;    // behind its last data block
        uint64_t data_bytes = 0;  // of its data blocks, trailers included
        uint64_t data_blocks = 0;
    };

    explicit IndexBuilder(uint32_t restart_interval) : restart_interval_(restart_interval) {}

    /// The next data block: its separator and the size of its content as stored.
    void add(Bytes separator, uint64_t block_size);

    /// The content of an index in one block; empty when there are no data blocks.
    std::string whole() const;
    /// The same index in partitions of about `partition_bytes`.
    std::vector<Partition> partitions(size_t partition_bytes) const;
    /// The content of the block that names partitions stored with these sizes.
    std::string top(const std::vector<Partition>& partitions) const;

  private:
    struct Entry {
        size_t key_end;  // in keys_
        uint64_t block_size;
    };
    Bytes key(size_t i) const {
        const size_t begin = i == 0 ? 0 : entries_[i - 1].key_end;
        return Bytes(keys_).substr(begin, entries_[i].key_end - begin);
    }

    const uint32_t restart_interval_;
    std::vector<Entry> entries_;
    std::string keys_;
};

}  // namespace kv::sstable
