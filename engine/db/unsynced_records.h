// UnsyncedRecords: the log records that no sync has covered yet, kept in memory so that they can be
// written anew when the sync fails.
//
// Records are appended at the end and released from the front; positions count bytes since the
// beginning. Chunks of released records are used again, so that a steady flow allocates nothing.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "kv/bytes.h"

namespace kv::db {

class UnsyncedRecords {
  public:
    /// `most_bytes`: what it should hold at most, which sets the size of its chunks; not enforced.
    explicit UnsyncedRecords(uint64_t most_bytes)
        : chunk_bytes_(std::clamp<size_t>(most_bytes / kChunks, kFewestBytes, kMostBytes)) {}

    /// Keeps a copy, whole in one piece, and returns it; valid until released.
    Bytes append(Bytes records) {
        if (chunks_.empty() || records.size() > free_bytes()) open_chunk(records.size());
        std::string& bytes = chunks_.back().bytes;
        bytes.append(records);
        end_ += records.size();
        return Bytes(bytes).substr(bytes.size() - records.size());
    }

    /// Where the next record will start.
    uint64_t end() const { return end_; }
    uint64_t bytes() const { return end_ - first_; }
    /// Lets go of everything below `position`, which must be the end of an append.
    void release_until(uint64_t position) {
        first_ = std::max(first_, position);
        while (!chunks_.empty() && chunks_.front().begin + chunks_.front().bytes.size() <= first_) {
            std::string& bytes = chunks_.front().bytes;
            if (spare_.size() < kMostSpare && bytes.capacity() <= 2 * chunk_bytes_) {
                spare_.push_back(std::move(bytes));
            }
            chunks_.pop_front();
        }
    }
    void clear() { release_until(end_); }

    /// Calls visit(Bytes) for each run of records, oldest first.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Chunk& chunk : chunks_) {
            const uint64_t released = first_ > chunk.begin ? first_ - chunk.begin : 0;
            visit(Bytes(chunk.bytes).substr(static_cast<size_t>(released)));
        }
    }

  private:
    static constexpr size_t kChunks = 32;
    static constexpr size_t kMostSpare = kChunks / 2;
    static constexpr size_t kFewestBytes = 16U << 10;
    static constexpr size_t kMostBytes = 1U << 20;
    struct Chunk {
        uint64_t begin = 0;  // position of its first byte
        std::string bytes;   // never grows beyond its capacity
    };

    size_t free_bytes() const {
        return chunks_.back().bytes.capacity() - chunks_.back().bytes.size();
    }
    void open_chunk(size_t bytes) {
        Chunk& chunk = chunks_.emplace_back();
        chunk.begin = end_;
        if (!spare_.empty()) {
            chunk.bytes = std::move(spare_.back());
            chunk.bytes.clear();
            spare_.pop_back();
        }
        chunk.bytes.reserve(std::max(chunk_bytes_, bytes));
    }

    const size_t chunk_bytes_;
    uint64_t first_ = 0;
    uint64_t end_ = 0;
    std::deque<Chunk> chunks_;
    std::vector<std::string> spare_;
};

}  // namespace kv::db
