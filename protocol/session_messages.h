// Bodies of the messages about the connection itself: HELLO, PING, CANCEL, GOAWAY, and the error
// body that every answer with a status other than ok carries, whatever its opcode.
//
// Byte strings are views into the decoded body (or into the sender's memory when encoding).
// decode() gives kInvalidArgument naming field and offset; encode() appends the body only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "kv/bytes.h"
#include "kv/status.h"
#include "protocol/limits.h"

namespace kv::protocol {

namespace feature {                                // sent on the wire, never renumber
inline constexpr uint64_t kCompression = 1U << 0;  ///< Reserved; nobody offers it in version 1.
inline constexpr uint64_t kWatch = 1U << 1;        ///< Reserved.
inline constexpr uint64_t kRangeDelete = 1U << 2;  ///< DELETE_RANGE is answered.
inline constexpr uint64_t kKeyspaces = 1U << 3;    ///< HELLO may name one: KeyspaceWish.
}  // namespace feature

enum class Role : uint8_t {  // sent on the wire, never renumber
    kSingle = 0,             ///< The only node.
    kLeader = 1,             // reserved for replication
    kFollower = 2,           // reserved for replication
};

struct HelloRequest {
    uint8_t min_version = 1;
    uint8_t max_version = 1;
    uint64_t features = 0;
    uint32_t wanted_frame_bytes = 0;  ///< 0: the server's own.
    uint32_t wanted_outstanding = 0;  ///< 0: the server's own.
    Bytes client_name{};              ///< For the server's log; up to kMaxNameBytes.
    Bytes user{};                     ///< Empty: no credentials.
    Bytes secret{};
    friend bool operator==(const HelloRequest&, const HelloRequest&) = default;
};

/// Value of the extension kKeyspace of a HELLO: the keyspace that all requests of the connection
/// are about. Without it: the default one.
struct KeyspaceWish {
    bool create = false;  ///< Make it when there is none of that name.
    Bytes name{};
    friend bool operator==(const KeyspaceWish&, const KeyspaceWish&) = default;
};

struct HelloResponse {
    uint8_t version = 1;           ///< Both sides use it from the next frame on.
    uint64_t server_features = 0;  ///< All the server has.
    uint64_t agreed_features = 0;  ///< What both have: only these may be used.
    uint32_t max_key_bytes = kDefaultKeyBytes;
    uint32_t max_value_bytes = kDefaultValueBytes;
    uint32_t max_frame_bytes = kDefaultFrameBytes;  ///< Header included; both directions.
    uint32_t max_batch_bytes = kDefaultBatchBytes;
    uint32_t max_outstanding = kDefaultOutstanding;
    uint32_t pre_auth_frame_bytes = kPreAuthFrameBytes;
    Bytes server_version{};  ///< Such as "0.1.0".
    uint64_t node_id = 0;
    Role role = Role::kSingle;
    uint64_t epoch = 1;
    uint64_t durable_seqno = 0;
    friend bool operator==(const HelloResponse&, const HelloResponse&) = default;
};

/// PING and its answer: the payload comes back unchanged.
struct PingMessage {
    Bytes payload{};
    friend bool operator==(const PingMessage&, const PingMessage&) = default;
};

struct CancelRequest {
    uint64_t target_request_id = 0;
    friend bool operator==(const CancelRequest&, const CancelRequest&) = default;
};

/// The answer of CANCEL, SCAN_CREDIT and SNAPSHOT_CLOSE.
struct AckResponse {
    /// Whether the request or snapshot named was still there. False is no error: it may have ended
    /// while the message was on its way.
    bool found = false;
    friend bool operator==(const AckResponse&, const AckResponse&) = default;
};

enum class GoawayReason : uint8_t {  // sent on the wire, never renumber
    kShutdown = 1,
    kIdle = 2,
    kOverload = 3,
};

/// Push: requests after `last_accepted_id` (in the order sent) were not and will not be begun.
struct GoawayPush {
    GoawayReason reason = GoawayReason::kShutdown;
    uint64_t last_accepted_id = 0;  ///< 0: none.
    uint32_t drain_ms = 0;          ///< The server closes the connection after this at the latest.
    Bytes message{};
    friend bool operator==(const GoawayPush&, const GoawayPush&) = default;
};

/// Body of every answer whose status is not ok.
struct ErrorResponse {
    uint64_t detail = 0;  ///< overloaded: retry_after_ms; conflict: the seqno. Else 0.
    Bytes message{};      ///< Cut to kMaxMessageBytes when encoded.
    friend bool operator==(const ErrorResponse&, const ErrorResponse&) = default;
};

Status decode(Bytes body, HelloRequest& out);
Status decode(Bytes body, KeyspaceWish& out);
Status decode(Bytes body, HelloResponse& out);
Status decode(Bytes body, PingMessage& out);
Status decode(Bytes body, CancelRequest& out);
Status decode(Bytes body, AckResponse& out);
Status decode(Bytes body, GoawayPush& out);
Status decode(Bytes body, ErrorResponse& out);

void encode(const HelloRequest& message, std::string& out);
void encode(const KeyspaceWish& message, std::string& out);
void encode(const HelloResponse& message, std::string& out);
void encode(const PingMessage& message, std::string& out);
void encode(const CancelRequest& message, std::string& out);
void encode(const AckResponse& message, std::string& out);
void encode(const GoawayPush& message, std::string& out);
void encode(const ErrorResponse& message, std::string& out);

/// The version both sides can speak, 0 when there is none.
uint8_t choose_version(uint8_t client_min, uint8_t client_max);

}  // namespace kv::protocol
