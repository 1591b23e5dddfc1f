// Index blocks from separators and sizes.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/index_builder.h"

#include "sstable/block_builder.h"
#include "sstable/index.h"

namespace kv::sstable {

void IndexBuilder::add(Bytes separator, uint64_t block_size) {
    keys_ += separator;
    entries_.push_back({keys_.size(), block_size});
}

std::string IndexBuilder::whole() const {
    if (entries_.empty()) return "";
    return partitions(SIZE_MAX).front().content;
}

std::vector<IndexBuilder::Partition> IndexBuilder::partitions(size_t partition_bytes) const {
    std::vector<Partition> out;
    BlockBuilder block(restart_interval_);
    Partition partition;
    std::string value;
    for (size_t i = 0; i < entries_.size(); ++i) {
        value.clear();
        append_index_entry(value, entries_[i].block_size);
        block.add(key(i), value);
        partition.data_bytes += entries_[i].block_size + kBlockTrailerBytes;
        ++partition.data_blocks;
        if (i + 1 < entries_.size() && block.size_bytes() < partition_bytes) continue;
        partition.content.assign(block.finish());
        partition.separator.assign(key(i));
        out.push_back(std::move(partition));
        partition = {};
        block.reset();
    }
    return out;
}

std::string IndexBuilder::top(const std::vector<Partition>& partitions) const {
    BlockBuilder block(restart_interval_);
    std::string value;
    for (const Partition& partition : partitions) {
        value.clear();
        append_partition_entry(value, partition.content.size(), partition.data_bytes,
                               partition.data_blocks);
        block.add(partition.separator, value);
    }
    return std::string(block.finish());
}

}  // namespace kv::sstable
