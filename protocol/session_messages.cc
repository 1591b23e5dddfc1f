// Field lists of the session's messages: protocol/docs/wire_format.md, section "Session".
// SPDX-License-Identifier: Apache-2.0
#include "protocol/session_messages.h"

#include <algorithm>

#include "protocol/body_codec.h"
#include "protocol/frame.h"

namespace kv::protocol {
namespace {

template <class Io>
void fields(Io& io, Field<Io, HelloRequest>& m) {
    io.u8("min_version", m.min_version);
    io.u8("max_version", m.max_version);
    io.u64("features", m.features);
    io.u32("wanted_frame_bytes", m.wanted_frame_bytes);
    io.u32("wanted_outstanding", m.wanted_outstanding);
    io.bytes("client_name", m.client_name, kMaxNameBytes);
    io.bytes("user", m.user, kMaxNameBytes);
    io.bytes("secret", m.secret, kMaxNameBytes);
    io.require(m.min_version <= m.max_version, "max_version", "is below min_version");
}

template <class Io>
void fields(Io& io, Field<Io, KeyspaceWish>& m) {
    io.boolean("create", m.create);
    io.bytes("name", m.name, kMaxKeyspaceNameBytes);
}

template <class Io>
void fields(Io& io, Field<Io, HelloResponse>& m) {
    io.u8("version", m.version);
    io.u64("server_features", m.server_features);
    io.u64("agreed_features", m.agreed_features);
    io.u32("max_key_bytes", m.max_key_bytes);
    io.u32("max_value_bytes", m.max_value_bytes);
    io.u32("max_frame_bytes", m.max_frame_bytes);
    io.u32("max_batch_bytes", m.max_batch_bytes);
    io.u32("max_outstanding", m.max_outstanding);
    io.u32("pre_auth_frame_bytes", m.pre_auth_frame_bytes);
    io.bytes("server_version", m.server_version, kMaxNameBytes);
    io.u64("node_id", m.node_id);
    io.enumerator("role", m.role, Role::kSingle, Role::kFollower);
    io.u64("epoch", m.epoch);
    io.u64("durable_seqno", m.durable_seqno);
}

template <class Io>
void fields(Io& io, Field<Io, PingMessage>& m) {
    io.bytes("payload", m.payload);
}

template <class Io>
void fields(Io& io, Field<Io, CancelRequest>& m) {
    io.u64("target_request_id", m.target_request_id);
}

template <class Io>
void fields(Io& io, Field<Io, AckResponse>& m) {
    io.boolean("found", m.found);
}

template <class Io>
void fields(Io& io, Field<Io, GoawayPush>& m) {
    io.enumerator("reason", m.reason, GoawayReason::kShutdown, GoawayReason::kOverload);
    io.u64("last_accepted_id", m.last_accepted_id);
    io.u32("drain_ms", m.drain_ms);
    io.bytes("message", m.message, kMaxMessageBytes);
}

template <class Io>
void fields(Io& io, Field<Io, ErrorResponse>& m) {
    io.u64("detail", m.detail);
    io.bytes("message", m.message, kMaxMessageBytes);
}

}  // namespace

KV_WIRE_BODY(HelloRequest, "HELLO request")
KV_WIRE_BODY(KeyspaceWish, "keyspace extension")
KV_WIRE_BODY(HelloResponse, "HELLO response")
KV_WIRE_BODY(PingMessage, "PING message")
KV_WIRE_BODY(CancelRequest, "CANCEL request")
KV_WIRE_BODY(AckResponse, "acknowledgement")
KV_WIRE_BODY(GoawayPush, "GOAWAY push")
KV_WIRE_BODY(ErrorResponse, "error response")

uint8_t choose_version(uint8_t client_min, uint8_t client_max) {
    const uint8_t best = std::min(client_max, kMaxVersion);
    return best >= client_min && best >= kMinVersion ? best : uint8_t{0};
}

}  // namespace kv::protocol
