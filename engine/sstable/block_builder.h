// BlockBuilder: puts sorted entries into the prefix-compressed block form of
// engine/docs/sstable_format.md. Data blocks and the index use it.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/bytes.h"

namespace kv::sstable {

class BlockBuilder {
  public:
    /// Requires restart_interval >= 1.
    explicit BlockBuilder(uint32_t restart_interval);

    /// Requires: `key` sorts after every key added since the last reset.
    void add(Bytes key, Bytes value);
    /// The block's content, valid until reset(). Nothing may be added in between.
    Bytes finish();
    void reset();

    bool empty() const { return entries_ == 0; }
    /// Size of the content if it were finished now.
    size_t size_bytes() const { return content_.size() + 4 * restarts_.size() + 4; }

  private:
    const uint32_t restart_interval_;
    std::string content_;
    std::vector<uint32_t> restarts_;
    std::string last_key_;
    uint64_t entries_ = 0;
};

}  // namespace kv::sstable
