// Prefix compression and restart points.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/block_builder.h"

#include <algorithm>

#include "base/coding.h"
#include "kv/assert.h"

namespace kv::sstable {

BlockBuilder::BlockBuilder(uint32_t restart_interval) : restart_interval_(restart_interval) {
    KV_ASSERT(restart_interval >= 1);
}

void BlockBuilder::add(Bytes key, Bytes value) {
    size_t shared = 0;
    if (entries_ % restart_interval_ == 0) {
        restarts_.push_back(static_cast<uint32_t>(content_.size()));
    } else {
        const size_t limit = std::min(key.size(), last_key_.size());
        while (shared < limit && key[shared] == last_key_[shared]) ++shared;
    }
    put_varint32(content_, static_cast<uint32_t>(shared));
    put_varint32(content_, static_cast<uint32_t>(key.size() - shared));
    put_varint32(content_, static_cast<uint32_t>(value.size()));
    content_.append(key.substr(shared));
    content_.append(value);
    last_key_.assign(key);
    ++entries_;
}

Bytes BlockBuilder::finish() {
    for (const uint32_t restart : restarts_) put_fixed32(content_, restart);
    put_fixed32(content_, static_cast<uint32_t>(restarts_.size()));
    return content_;
}

void BlockBuilder::reset() {
    content_.clear();
    restarts_.clear();
    last_key_.clear();
    entries_ = 0;
}

}  // namespace kv::sstable
