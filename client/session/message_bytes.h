// message_bytes: how much a request takes on the wire at most, told from its lengths alone, so that
// one that no frame can hold is refused before a byte of it is copied.
// Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/status.h"
#include "protocol/messages.h"

namespace kv::client {

/// More than the fixed-width fields of any request, or of any item of its lists, with their
/// lengths.
inline constexpr uint64_t kFixedFieldsBytes = 64;

inline uint64_t range_bytes(const protocol::KeyRange& range) {
    return uint64_t{range.lower.size()} + range.upper.size() + range.prefix.size();
}

// One for each request that the client sends: a new one does not compile without.
inline uint64_t message_bytes(const protocol::GetRequest& m) {
    return kFixedFieldsBytes + m.key.size();
}
inline uint64_t message_bytes(const protocol::MultiGetRequest& m) {
    uint64_t sum = kFixedFieldsBytes;
    for (const Bytes key : m.keys) sum += kFixedFieldsBytes + key.size();
    return sum;
}
inline uint64_t message_bytes(const protocol::PutRequest& m) {
    return kFixedFieldsBytes + m.key.size() + m.value.size();
}
inline uint64_t message_bytes(const protocol::DeleteRequest& m) {
    return kFixedFieldsBytes + m.key.size();
}
inline uint64_t message_bytes(const protocol::DeleteRangeRequest& m) {
    return kFixedFieldsBytes + range_bytes(m.range);
}
inline uint64_t message_bytes(const protocol::IncrementRequest& m) {
    return kFixedFieldsBytes + m.key.size();
}
inline uint64_t message_bytes(const protocol::BatchRequest& m) {
    uint64_t sum = kFixedFieldsBytes;
    for (const auto& op : m.ops) sum += kFixedFieldsBytes + op.key.size() + op.value.size();
    for (const auto& need : m.preconditions) {
        sum += kFixedFieldsBytes + need.key.size() + need.value.size();
    }
    return sum;
}
inline uint64_t message_bytes(const protocol::ScanRequest& m) {
    return kFixedFieldsBytes + range_bytes(m.range) + m.resume_token.size();
}
inline uint64_t message_bytes(const protocol::CountRequest& m) {
    return kFixedFieldsBytes + range_bytes(m.range);
}
inline uint64_t message_bytes(const protocol::ExplainRequest& m) {
    return kFixedFieldsBytes + m.key.size() + range_bytes(m.range);
}
inline uint64_t message_bytes(const protocol::StatsRequest& m) {
    return kFixedFieldsBytes + m.prefix.size();
}
inline uint64_t message_bytes(const protocol::CheckpointRequest& m) {
    return kFixedFieldsBytes + m.name.size();
}
inline uint64_t message_bytes(const protocol::KeyspacesRequest& m) {
    return kFixedFieldsBytes + m.prefix.size();
}
inline uint64_t message_bytes(const protocol::KeyspaceNameRequest& m) {
    return kFixedFieldsBytes + m.name.size();
}
inline uint64_t message_bytes(const protocol::PingMessage& m) {
    return kFixedFieldsBytes + m.payload.size();
}
inline uint64_t message_bytes(const protocol::StatusRequest& /*m*/) { return kFixedFieldsBytes; }
inline uint64_t message_bytes(const protocol::SnapshotOpenRequest& /*m*/) {
    return kFixedFieldsBytes;
}
inline uint64_t message_bytes(const protocol::SnapshotRenewRequest& /*m*/) {
    return kFixedFieldsBytes;
}
inline uint64_t message_bytes(const protocol::SnapshotCloseRequest& /*m*/) {
    return kFixedFieldsBytes;
}

/// kInvalidArgument when no frame can hold a request of `bytes`.
inline Status check_message_bytes(uint64_t bytes) {
    constexpr uint64_t kMost =
        UINT32_MAX - protocol::kHeaderBytes;  // frame limits are 32 bits wide
    if (bytes <= kMost) return Status::ok();
    return Status::invalid_argument("a request of " + std::to_string(bytes) +
                                    " bytes; no server takes more than " + std::to_string(kMost) +
                                    ": split it");
}

}  // namespace kv::client
