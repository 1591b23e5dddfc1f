// ByteBlock: memory for one large piece of input whose size is known before it arrives. It is
// filled from the front; what is asked of the system follows what has arrived, so a size that is
// announced and never comes costs nothing to speak of. Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

#include "kv/bytes.h"

namespace kv::protocol {

class ByteBlock {
  public:
    /// Pieces up to this size have all of their memory, untouched, from the start. Larger ones have
    /// this much, and are moved to twice as much whenever it is full.
    static constexpr size_t kFirstBytes = (1U << 20) + 4096;

    ByteBlock() = default;
    explicit ByteBlock(size_t wanted_bytes) : wanted_bytes_(wanted_bytes) {}

    bool is_whole() const { return size_ == wanted_bytes_; }
    size_t size() const { return size_; }
    Bytes bytes() const { return {data_.get(), size_}; }
    /// Room for what comes next, never empty before it is whole. Invalidates views of bytes().
    std::span<char> writable();
    /// `count` bytes of the last writable() have been filled.
    void commit(size_t count);

  private:
    struct Free {
        void operator()(char* memory) const { std::free(memory); }
    };
    std::unique_ptr<char, Free> data_;
    size_t wanted_bytes_ = 0;
    size_t capacity_ = 0;
    size_t size_ = 0;
};

}  // namespace kv::protocol
