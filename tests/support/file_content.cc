// Copy-on-write bytes.
// SPDX-License-Identifier: Apache-2.0
#include "support/file_content.h"

#include <algorithm>
#include <cstring>

namespace kv::test {

size_t FileContent::read(uint64_t offset, size_t length, char* out) const {
    if (offset >= size_) return 0;
    const size_t total = static_cast<size_t>(std::min<uint64_t>(length, size_ - offset));
    size_t done = 0;
    while (done < total) {
        const size_t index = static_cast<size_t>((offset + done) / kChunkBytes);
        const size_t within = static_cast<size_t>((offset + done) % kChunkBytes);
        const size_t part = std::min(total - done, kChunkBytes - within);
        if (chunks_[index] == nullptr) {
            std::memset(out + done, 0, part);
        } else {
            std::memcpy(out + done, chunks_[index]->data() + within, part);
        }
        done += part;
    }
    return total;
}

std::string FileContent::to_string() const {
    std::string bytes(static_cast<size_t>(size_), '\0');
    read(0, bytes.size(), bytes.data());
    return bytes;
}

uint64_t FileContent::nonzero_end() const {
    for (size_t i = chunks_.size(); i > 0; --i) {
        if (chunks_[i - 1] == nullptr) continue;
        const Bytes chunk(chunks_[i - 1]->data(), kChunkBytes);
        const size_t last = chunk.find_last_not_of('\0');
        if (last != Bytes::npos) return (i - 1) * kChunkBytes + last + 1;
    }
    return 0;
}

void FileContent::write(uint64_t offset, Bytes bytes) {
    if (bytes.empty()) return;
    if (offset + bytes.size() > size_) resize(offset + bytes.size());
    while (!bytes.empty()) {
        const size_t index = static_cast<size_t>(offset / kChunkBytes);
        const size_t within = static_cast<size_t>(offset % kChunkBytes);
        const size_t part = std::min(bytes.size(), kChunkBytes - within);
        auto fresh = chunks_[index] != nullptr ? std::make_shared<Chunk>(*chunks_[index])
                                               : std::make_shared<Chunk>();
        std::memcpy(fresh->data() + within, bytes.data(), part);
        chunks_[index] = std::move(fresh);
        bytes.remove_prefix(part);
        offset += part;
    }
}

void FileContent::resize(uint64_t size) {
    const size_t within = static_cast<size_t>(size % kChunkBytes);
    const size_t last = static_cast<size_t>(size / kChunkBytes);
    // What is cut off must read as zeros if the file grows again.
    if (size < size_ && within != 0 && chunks_[last] != nullptr) {
        auto fresh = std::make_shared<Chunk>(*chunks_[last]);
        std::memset(fresh->data() + within, 0, kChunkBytes - within);
        chunks_[last] = std::move(fresh);
    }
    chunks_.resize(static_cast<size_t>((size + kChunkBytes - 1) / kChunkBytes));
    size_ = size;
}

}  // namespace kv::test
