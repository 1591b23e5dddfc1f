// FileContent: the bytes of a simulated file, cheap to copy. Chunks are immutable and shared, so a
// copy costs a pointer a chunk, and copies in different file systems never race.
// Thread rule: one thread at a time per object; copies are independent.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kv/bytes.h"

namespace kv::test {

class FileContent {
  public:
    FileContent() = default;
    explicit FileContent(Bytes bytes) { write(0, bytes); }

    uint64_t size() const { return size_; }
    /// Copies up to `length` bytes at `offset` and returns how many there were.
    size_t read(uint64_t offset, size_t length, char* out) const;
    std::string to_string() const;
    /// Behind the last byte that is not zero: the least that RandomAccessFile::written_end may say.
    uint64_t nonzero_end() const;

    /// Extends the file when the range ends beyond it; a gap reads as zeros.
    void write(uint64_t offset, Bytes bytes);
    /// Cuts, or extends with zeros.
    void resize(uint64_t size);

  private:
    static constexpr size_t kChunkBytes = 4096;
    using Chunk = std::array<char, kChunkBytes>;

    uint64_t size_ = 0;
    std::vector<std::shared_ptr<const Chunk>> chunks_;  // null reads as zeros
};

}  // namespace kv::test
