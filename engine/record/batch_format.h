// How mutations are stored: the ops of a batch and the payload of a commit group
// (engine/docs/wal_format.md). WriteBatch builds with these functions, the commit pipeline writes
// groups with them, replay and kvtool read them back.
//
//   op    = kind u8 | varint32 key bytes | key
//           | kPutWithExpiry: fixed64 expiry_ms
//           | puts: varint32 value bytes | value
//           | kRangeDelete: varint32 end bytes | end (the key is where it begins)
//           | kIncrementOp: fixed64 amount
//   group = for each batch: varint32 op count | varint32 ops bytes | ops
//
// Readers check shape only (kinds and lengths); the size limits of kv/types.h are Db's to enforce.
// Thread rule: plain values, one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/bytes.h"
#include "kv/status.h"
#include "kv/types.h"
#include "record/internal_key.h"

namespace kv {

/// An increment that has not been turned into a put yet. Lives in batches and on the wire only; in
/// the log it is corruption.
inline constexpr uint8_t kIncrementOp = 0x40;

/// A range delete without an end, which the commit stage has yet to give one. In the log it is
/// corruption.
inline constexpr uint8_t kRangeDeleteToEndOp = 0x41;

/// One mutation. Views point into the batch it was read from.
struct Op {
    uint8_t kind = 0;        ///< A Kind, kIncrementOp or kRangeDeleteToEndOp.
    Bytes key;               ///< Of a range delete: where it begins, inclusive.
    Bytes value;             ///< The user's bytes; a range delete's end, exclusive; else empty.
    uint64_t expiry_ms = 0;  ///< kPutWithExpiry only.
    int64_t by = 0;          ///< kIncrementOp only.

    bool is_increment() const { return kind == kIncrementOp; }
    bool is_range_delete() const {
        return kind == static_cast<uint8_t>(Kind::kRangeDelete) || kind == kRangeDeleteToEndOp;
    }
    /// What may stand in the log is of a Kind; the rest is turned into that first.
    bool is_unresolved() const { return kind == kIncrementOp || kind == kRangeDeleteToEndOp; }
    /// Requires !is_unresolved().
    Kind internal_kind() const { return static_cast<Kind>(kind); }
};

void append_put(std::string& out, Bytes key, Bytes value);
void append_put_with_expiry(std::string& out, Bytes key, Bytes value, uint64_t expiry_ms);
void append_delete(std::string& out, Bytes key);
void append_increment(std::string& out, Bytes key, int64_t by);
void append_range_delete(std::string& out, Bytes begin, Bytes end);
void append_range_delete_to_end(std::string& out, Bytes begin);
/// Any of the above.
void append_op(std::string& out, const Op& op);

/// The bytes that tables and memtables store as the op's value (record/internal_key.h): the user's
/// bytes without a copy, or expiry and bytes put together in `scratch`. Not for range deletes and
/// what is unresolved.
Bytes internal_value(const Op& op, std::string& scratch);
/// Size of internal_value, without building it.
inline size_t internal_value_bytes(const Op& op) {
    return op.value.size() + (op.kind == static_cast<uint8_t>(Kind::kPutWithExpiry) ? 8 : 0);
}

/// Walks the ops of one batch.
class BatchReader {
  public:
    explicit BatchReader(Bytes ops) : begin_(ops.data()), p_(begin_), end_(p_ + ops.size()) {}

    /// False at the end and at the first malformed op; status() tells which.
    bool next(Op& op);
    /// kCorruption naming the byte offset within the ops.
    const Status& status() const { return status_; }

  private:
    bool fail(const char* what);

    const char* begin_;
    const char* p_;
    const char* end_;
    Status status_;
};

/// Adds a batch to a group payload. `count` is the number of ops in `ops`.
void append_batch(std::string& payload, uint32_t count, Bytes ops);
/// Upper bound of what append_batch adds.
inline constexpr size_t batch_bytes_bound(size_t ops_bytes) { return ops_bytes + 10; }

/// Walks the batches of a commit group. `count` is as stored; BatchReader tells the truth.
class GroupReader {
  public:
    explicit GroupReader(Bytes payload)
        : begin_(payload.data()), p_(begin_), end_(p_ + payload.size()) {}

    /// False at the end and at the first malformed batch; status() tells which.
    bool next(uint32_t& count, Bytes& ops);
    const Status& status() const { return status_; }

  private:
    const char* begin_;
    const char* p_;
    const char* end_;
    Status status_;
};

/// Ok when `ops` holds exactly `count` ops that may stand in the log (nothing unresolved), else
/// kCorruption.
Status check_logged_ops(uint32_t count, Bytes ops);

}  // namespace kv
