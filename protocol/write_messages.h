// Bodies of the writing operations: PUT, DELETE, DELETE_RANGE, INCREMENT, BATCH, and the one answer
// they share.
// The durability asked for is in the request's header.
//
// Byte strings are views into the decoded body (or into the sender's memory when encoding).
// decode() gives kInvalidArgument naming field and offset; encode() appends the body only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "kv/status.h"
#include "protocol/frame.h"
#include "protocol/read_messages.h"

namespace kv::protocol {

struct PutRequest {
    uint64_t expiry_ms = 0;  ///< Unix milliseconds; 0: never.
    Bytes key{};
    Bytes value{};
    friend bool operator==(const PutRequest&, const PutRequest&) = default;
};

struct DeleteRequest {
    Bytes key{};
    friend bool operator==(const DeleteRequest&, const DeleteRequest&) = default;
};

/// Every key in the range; takes as long whatever it covers. Needs feature::kRangeDelete.
struct DeleteRangeRequest {
    KeyRange range{};
    friend bool operator==(const DeleteRangeRequest&, const DeleteRangeRequest&) = default;
};

struct IncrementRequest {
    int64_t by = 0;
    Bytes key{};
    friend bool operator==(const IncrementRequest&, const IncrementRequest&) = default;
};

struct BatchOp {
    enum class Kind : uint8_t {  // sent on the wire, never renumber
        kPut = 1,
        kDelete = 2,
        kPutWithExpiry = 3,
        kIncrement = 4,
    };
    Kind kind = Kind::kPut;
    Bytes key{};
    Bytes value{};           ///< Puts only.
    uint64_t expiry_ms = 0;  ///< kPutWithExpiry only, and then not 0.
    int64_t by = 0;          ///< kIncrement only.
    friend bool operator==(const BatchOp&, const BatchOp&) = default;
};

struct BatchPrecondition {
    /// The numbers equal kv::Precondition::Kind's.
    enum class Kind : uint8_t {  // sent on the wire, never renumber
        kAbsent = 1,
        kPresent = 2,
        kValueEquals = 3,
        kSeqnoEquals = 4,
        kNotNewer = 5,
    };
    Kind kind = Kind::kAbsent;
    Bytes key{};
    Bytes value{};       ///< kValueEquals only.
    uint64_t seqno = 0;  ///< kSeqnoEquals and kNotNewer only.
    friend bool operator==(const BatchPrecondition&, const BatchPrecondition&) = default;
};

/// All of it or none of it. A failed precondition answers `conflict`.
struct BatchRequest {
    std::vector<BatchPrecondition> preconditions{};
    std::vector<BatchOp> ops{};
    friend bool operator==(const BatchRequest&, const BatchRequest&) = default;
};

/// The good answer of all of them.
struct WriteResponse {
    uint64_t first_seqno = 0;  ///< Of the mutations; 0 when a batch held only preconditions.
    uint64_t last_seqno = 0;
    Durability reached = Durability::kMemory;  ///< At least what was asked for.
    std::vector<int64_t> counters{};           ///< New values of the increments, in order.
    friend bool operator==(const WriteResponse&, const WriteResponse&) = default;
};

Status decode(Bytes body, PutRequest& out);
Status decode(Bytes body, DeleteRequest& out);
Status decode(Bytes body, DeleteRangeRequest& out);
Status decode(Bytes body, IncrementRequest& out);
Status decode(Bytes body, BatchRequest& out);
Status decode(Bytes body, WriteResponse& out);

void encode(const PutRequest& message, std::string& out);
void encode(const DeleteRequest& message, std::string& out);
void encode(const DeleteRangeRequest& message, std::string& out);
void encode(const IncrementRequest& message, std::string& out);
void encode(const BatchRequest& message, std::string& out);
void encode(const WriteResponse& message, std::string& out);

}  // namespace kv::protocol
