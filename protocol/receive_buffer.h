// ReceiveBuffer: the unread bytes of one connection, kept together for its parser. It grows for a
// large frame only as its bytes arrive (never more than doubling), so a peer that announces 64 MiB
// and sends nothing costs nothing, and shrinks back when the large frame is gone. A large piece of
// known size can be received into memory of its own instead, past the buffer.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "kv/bytes.h"
#include "protocol/byte_block.h"

namespace kv::protocol {

class ReceiveBuffer {
  public:
    explicit ReceiveBuffer(size_t base_bytes = 64U << 10);

    /// Free room at the end, never empty: read the socket into it, then commit(). `needed_bytes` is
    /// the parser's (0 when it asked for nothing). Invalidates earlier views of unread().
    std::span<char> writable(size_t needed_bytes = 0);
    /// `count` bytes of the last writable() have been filled.
    void commit(size_t count);

    /// Received and not yet consumed. The view lasts until writable() is called.
    Bytes unread() const { return {data_.get() + begin_, end_ - begin_}; }
    /// Drops the first `count` unread bytes; views of unread() stay readable until writable().
    void consume(size_t count);

    size_t capacity() const { return capacity_; }

    /// The next `bytes` go into a block of their own, those first that are unread. Until it was
    /// taken, writable() gives room in that and there is nothing unread. Requires more than are
    /// unread.
    void begin_block(size_t bytes);
    /// A block has begun and was not taken.
    bool has_block() const { return has_block_; }
    const ByteBlock& block() const { return block_; }
    /// Requires has_block(); what comes next is unread again.
    ByteBlock take_block();
    /// Drops everything, a block that has begun included.
    void clear();

  private:
    void move_to(size_t new_capacity);

    size_t base_bytes_;
    size_t capacity_;
    std::unique_ptr<char[]> data_;
    size_t begin_ = 0;
    size_t end_ = 0;
    ByteBlock block_;
    bool has_block_ = false;
};

}  // namespace kv::protocol
