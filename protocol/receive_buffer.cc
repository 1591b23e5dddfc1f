// Memory of the receive buffer: bytes are moved to the front before it grows, and it grows only
// when it is full, so its size follows what has really arrived. It grows by a part of its size at
// least, so that a request of many small parts, each asking for a little more, is not copied once
// for every part.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/receive_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kv/assert.h"

namespace kv::protocol {

ReceiveBuffer::ReceiveBuffer(size_t base_bytes)
    : base_bytes_(base_bytes),
      capacity_(base_bytes),
      data_(std::make_unique_for_overwrite<char[]>(base_bytes)) {
    KV_ASSERT(base_bytes > 0);
}

void ReceiveBuffer::move_to(size_t new_capacity) {
    auto data = std::make_unique_for_overwrite<char[]>(new_capacity);
    const size_t size = end_ - begin_;
    std::memcpy(data.get(), data_.get() + begin_, size);
    data_ = std::move(data);
    capacity_ = new_capacity;
    begin_ = 0;
    end_ = size;
}

void ReceiveBuffer::begin_block(size_t bytes) {
    const Bytes there = unread();
    KV_ASSERT(!has_block_ && there.size() < bytes);
    block_ = ByteBlock(bytes);
    has_block_ = true;
    for (Bytes left = there; !left.empty();) {
        const std::span<char> room = block_.writable();
        const size_t size = std::min(room.size(), left.size());
        std::memcpy(room.data(), left.data(), size);
        block_.commit(size);
        left.remove_prefix(size);
    }
    consume(there.size());
}

ByteBlock ReceiveBuffer::take_block() {
    KV_ASSERT(has_block_);
    has_block_ = false;
    return std::exchange(block_, ByteBlock());
}

void ReceiveBuffer::clear() {
    if (has_block_) (void)take_block();
    consume(unread().size());
}

std::span<char> ReceiveBuffer::writable(size_t needed_bytes) {
    if (has_block_) return block_.writable();
    const size_t size = end_ - begin_;
    if (capacity_ > base_bytes_ && std::max(size + 1, needed_bytes) <= base_bytes_) {
        move_to(base_bytes_);
    } else if (begin_ > 0 &&
               (size == 0 || capacity_ - begin_ < needed_bytes || end_ == capacity_)) {
        std::memmove(data_.get(), data_.get() + begin_, size);
        begin_ = 0;
        end_ = size;
    }
    if (end_ == capacity_) {
        const size_t least = capacity_ + std::max<size_t>(capacity_ / 8, 1);
        move_to(std::max(least, std::min(2 * capacity_, needed_bytes)));
    }
    return {data_.get() + end_, capacity_ - end_};
}

void ReceiveBuffer::commit(size_t count) {
    if (has_block_) return block_.commit(count);
    KV_ASSERT(count <= capacity_ - end_);
    end_ += count;
}

void ReceiveBuffer::consume(size_t count) {
    KV_ASSERT(count <= end_ - begin_);
    begin_ += count;
}

}  // namespace kv::protocol
