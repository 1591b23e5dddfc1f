// ScanStream: one SCAN turned into answer frames, a chunk at a time, and ScanCredit: what its
// client still lets it send. Neither knows a socket or a thread. Thread rule: one thread at a time;
// chunks are made in the read pool.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kv/db.h"
#include "kv/keyspace_catalog.h"
#include "server/answer.h"
#include "server/connection_census.h"

namespace kv::server {

/// Bytes that a scan may still send; can be overdrawn by one answer.
class ScanCredit {
  public:
    explicit ScanCredit(uint32_t initial_bytes)
        : bytes_(initial_bytes == 0 ? protocol::kDefaultScanCreditBytes : initial_bytes) {}
    bool open() const { return bytes_ > 0; }
    void take(uint64_t body_bytes) { bytes_ -= static_cast<int64_t>(body_bytes); }
    void grant(uint32_t bytes) {
        bytes_ += bytes;
        if (bytes_ > UINT32_MAX) bytes_ = UINT32_MAX;
    }
    int64_t bytes() const { return bytes_; }

  private:
    int64_t bytes_;
};

class ScanStream {
  public:
    /// Copies the request's strings. `options` holds the snapshot that the scan reads at.
    /// kInvalidArgument for a resume token that is damaged or of the other direction.
    static Result<std::unique_ptr<ScanStream>> create(Db& db, const RequestInfo& info,
                                                      const protocol::ScanRequest& request,
                                                      SnapshotPtr snapshot,
                                                      uint32_t max_frame_bytes,
                                                      KeyspacePtr keyspace);

    struct Chunk {
        std::string frame;
        uint64_t body_bytes = 0;
        bool last = false;  ///< The final answer: exhausted, limit reached, or an error.
        bool error = false;
        bool no_room = false;      ///< The error is that `memory` had none.
        size_t charged_bytes = 0;  ///< Taken from `memory`: whoever takes the chunk gives it back.
    };
    /// The next answer, or nothing when only the turn has ended: call again. May wait for the disk.
    /// An entry above kScanChunkBytes goes alone, and is copied only when `memory` has room for it;
    /// else the scan ends with `overloaded`. Requires that no last one was made.
    std::optional<Chunk> next_chunk(Clock& clock, MemoryBudget& memory);
    /// A last answer.
    Chunk fail(const Refusal& refusal, uint64_t now_us) const;
    /// Whether next_chunk() was called.
    bool has_begun() const { return iterator_ != nullptr; }
    const RequestInfo& info() const { return info_; }
    /// What is kept from one chunk for the next. Call when that may be long in coming.
    void release_buffers();
    size_t buffer_bytes() const {
        return chunk_bytes_.capacity() + taken_.capacity() * sizeof(Taken);
    }

  private:
    ScanStream(Db& db, const RequestInfo& info, SnapshotPtr snapshot, KeyspacePtr keyspace)
        : db_(db), info_(info), snapshot_(std::move(snapshot)), keyspace_(std::move(keyspace)) {}

    void open();
    void step();
    bool take_entry();
    Chunk large_chunk(uint64_t now_us, MemoryBudget& memory);
    Chunk finish_chunk(bool exhausted, uint64_t now_us);
    Chunk make_chunk(protocol::ScanChunk message, bool last, size_t expected_bytes,
                     uint64_t now_us);

    Db& db_;
    RequestInfo info_;
    SnapshotPtr snapshot_;
    KeyspacePtr keyspace_;
    ScanOptions options_;
    bool reverse_ = false;
    bool keys_only_ = false;
    uint64_t left_ = UINT64_MAX;  // entries until the limit
    uint64_t max_body_bytes_ = 0;
    std::string last_key_;     // the client's, not as stored
    std::string key_scratch_;  // for keys that are stored in another form
    bool any_entry_ = false;   // so that last_key_ means something

    // The chunk being made: entries with their strings in chunk_bytes_.
    struct Taken {
        size_t key_size;
        size_t value_size;
        Seqno seqno;
        uint64_t expiry_ms;
    };
    std::string chunk_bytes_;
    std::vector<Taken> taken_;
    size_t body_bytes_ = 0;  // of the two, encoded
    std::unique_ptr<Iterator> iterator_;
};

}  // namespace kv::server
