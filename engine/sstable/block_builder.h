// BlockBuilder: puts sorted entries into a block of engine/docs/sstable_format.md, in the plain
// form (index) or the tagged one (data).
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "sstable/block_layout.h"

namespace kv::sstable {

class BlockBuilder {
  public:
    /// Requires 1 <= restart_interval <= 65535.
    explicit BlockBuilder(uint32_t restart_interval, BlockForm form = BlockForm::kPlain);

    /// Requires: `key` sorts after every key added since the last reset. `tag` is tag_of the user
    /// key's hash; the tagged form only.
    void add(Bytes key, Bytes value, uint8_t tag = 0);
    /// The block's content, valid until reset(). Nothing may be added in between.
    Bytes finish();
    void reset();

    bool empty() const { return entries_ == 0; }
    /// Size of the content if it were finished now.
    size_t size_bytes() const;
    /// The same with this entry, which add() takes, in it.
    size_t size_with(Bytes key, Bytes value) const;

  private:
    /// Whether an offset takes 4 bytes, when that of the last entry is this one.
    static bool is_wide(size_t last_start) { return last_start > UINT16_MAX; }
    size_t last_start() const { return starts_.empty() ? 0 : starts_.back(); }
    size_t size_of(size_t content, size_t starts, size_t last_start) const;
    bool is_at_restart() const { return entries_ == 0 || run_ == restart_interval_; }
    /// How many bytes of the next key are those of an earlier one.
    size_t shared_bytes(Bytes key) const;

    const uint32_t restart_interval_;
    const BlockForm form_;
    std::string content_;
    std::vector<uint32_t> starts_;  // of every entry (tagged) or every restart point (plain)
    std::string tags_;
    std::string finished_;  // tagged
    /// What the next key may share bytes with: the key before it (plain) or the user key at the
    /// last restart point (tagged).
    std::string base_;
    uint32_t entries_ = 0;
    uint32_t run_ = 0;  // entries since the last restart point
};

}  // namespace kv::sstable
