// Opcodes: what a frame asks for or answers. One list makes the enum, the names and the table in
// protocol/docs/wire_format.md; a test compares the document with it.
// Thread rule: constants and pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

/// X(number, enumerator, name, state). Sent on the wire, never renumber. State: kServed answers in
/// version 1; kPush is sent by the server unasked; kReserved is refused as `unsupported`.
#define KV_WIRE_OPCODES(X)                             \
    X(1, kHello, "HELLO", kServed)                     \
    X(2, kPing, "PING", kServed)                       \
    X(3, kCancel, "CANCEL", kServed)                   \
    X(4, kGoaway, "GOAWAY", kPush)                     \
    X(16, kGet, "GET", kServed)                        \
    X(17, kMultiGet, "MULTI_GET", kServed)             \
    X(18, kScan, "SCAN", kServed)                      \
    X(19, kScanCredit, "SCAN_CREDIT", kServed)         \
    X(20, kCount, "COUNT", kServed)                    \
    X(21, kExplain, "EXPLAIN", kServed)                \
    X(32, kPut, "PUT", kServed)                        \
    X(33, kDelete, "DELETE", kServed)                  \
    X(34, kBatch, "BATCH", kServed)                    \
    X(35, kIncrement, "INCREMENT", kServed)            \
    X(36, kDeleteRange, "DELETE_RANGE", kServed)       \
    X(48, kSnapshotOpen, "SNAPSHOT_OPEN", kServed)     \
    X(49, kSnapshotRenew, "SNAPSHOT_RENEW", kServed)   \
    X(50, kSnapshotClose, "SNAPSHOT_CLOSE", kServed)   \
    X(64, kStatus, "STATUS", kServed)                  \
    X(65, kStats, "STATS", kServed)                    \
    X(66, kKeyspaces, "KEYSPACES", kServed)            \
    X(67, kKeyspaceCreate, "KEYSPACE_CREATE", kServed) \
    X(68, kKeyspaceDrop, "KEYSPACE_DROP", kServed)     \
    X(69, kCheckpoint, "CHECKPOINT", kServed)          \
    X(80, kWatch, "WATCH", kReserved)                  \
    X(81, kWatchCancel, "WATCH_CANCEL", kReserved)     \
    X(96, kReplicaAppend, "REPLICA_APPEND", kReserved) \
    X(97, kReplicaVote, "REPLICA_VOTE", kReserved)     \
    X(98, kReplicaSnapshot, "REPLICA_SNAPSHOT", kReserved)

namespace kv::protocol {

enum class Opcode : uint16_t {  // sent on the wire, never renumber
#define KV_X(number, enumerator, name, state) enumerator = number,
    KV_WIRE_OPCODES(KV_X)
#undef KV_X
};

enum class OpcodeState : uint8_t { kServed, kPush, kReserved, kUnknown };

/// kUnknown for a number that version 1 does not list: answered `unknown_opcode`.
OpcodeState opcode_state(Opcode opcode);
/// "GET"; "UNKNOWN" for numbers that version 1 does not list.
std::string_view opcode_name(Opcode opcode);

/// Requests that change data; their header carries a durability.
constexpr bool is_write(Opcode opcode) {
    return opcode == Opcode::kPut || opcode == Opcode::kDelete || opcode == Opcode::kBatch ||
           opcode == Opcode::kIncrement || opcode == Opcode::kDeleteRange;
}
/// Requests after which, without an answer, nobody knows what is stored.
constexpr bool changes_store(Opcode opcode) {
    return is_write(opcode) || opcode == Opcode::kKeyspaceCreate || opcode == Opcode::kKeyspaceDrop;
}
/// Requests about keys of the connection's keyspace.
constexpr bool is_about_keys(Opcode opcode) {
    return is_write(opcode) || opcode == Opcode::kGet || opcode == Opcode::kMultiGet ||
           opcode == Opcode::kScan || opcode == Opcode::kCount || opcode == Opcode::kExplain;
}
/// Requests that steer another request of the connection: acted upon as they arrive, also while an
/// earlier FENCE holds the others back.
constexpr bool is_control(Opcode opcode) {
    return opcode == Opcode::kScanCredit || opcode == Opcode::kCancel;
}
/// QUIET suppresses the good answer of these; elsewhere the flag is ignored.
constexpr bool quiet_applies(Opcode opcode) {
    return is_write(opcode) || is_control(opcode) || opcode == Opcode::kSnapshotClose;
}

}  // namespace kv::protocol
