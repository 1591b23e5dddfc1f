// See byte_block.h. realloc() moves large memory by its page tables, without a copy.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/byte_block.h"

#include <algorithm>

#include "kv/assert.h"

namespace kv::protocol {

std::span<char> ByteBlock::writable() {
    KV_ASSERT(!is_whole());
    if (size_ == capacity_) {
        capacity_ = std::min(wanted_bytes_, std::max(kFirstBytes, 2 * capacity_));
        char* const memory = static_cast<char*>(std::realloc(data_.get(), capacity_));
        KV_ASSERT(memory != nullptr);
        (void)data_.release();
        data_.reset(memory);
    }
    return {data_.get() + size_, capacity_ - size_};
}

void ByteBlock::commit(size_t count) {
    KV_ASSERT(count <= capacity_ - size_);
    size_ += count;
}

}  // namespace kv::protocol
