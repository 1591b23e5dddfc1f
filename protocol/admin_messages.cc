// Field lists of STATUS, STATS, CHECKPOINT and the keyspaces: wire_format.md, "The store".
// SPDX-License-Identifier: Apache-2.0
#include "protocol/admin_messages.h"

#include "protocol/body_codec.h"
#include "protocol/limits.h"

namespace kv::protocol {
namespace {

template <class Io>
void fields(Io& io, Field<Io, StatusRequest>& m) {
    io.u64("seqno", m.seqno);
}

template <class Io>
void fields(Io& io, Field<Io, StatusResponse>& m) {
    io.u64("published_seqno", m.published_seqno);
    io.u64("durable_seqno", m.durable_seqno);
    io.boolean("is_durable", m.is_durable);
}

template <class Io>
void fields(Io& io, Field<Io, StatsRequest>& m) {
    io.bytes("prefix", m.prefix);
}

template <class Io>
void fields(Io& io, Field<Io, StatsEntry>& m) {
    io.bytes("name", m.name);
    io.bytes("value", m.value);
}

template <class Io>
void fields(Io& io, Field<Io, StatsResponse>& m) {
    io.list("entries", m.entries, 2 * sizeof(uint32_t), [&io](auto& e) { fields(io, e); });
}

template <class Io>
void fields(Io& io, Field<Io, CheckpointRequest>& m) {
    io.bytes("name", m.name);
}

template <class Io>
void fields(Io& io, Field<Io, CheckpointResponse>& m) {
    io.bytes("path", m.path);
    io.u64("seqno", m.seqno);
    io.u64("tables", m.tables);
    io.u64("table_bytes", m.table_bytes);
    io.u64("copied_tables", m.copied_tables);
    io.u64("log_bytes", m.log_bytes);
}

// The fewest bytes of an entry: with an empty name.
constexpr uint32_t kMinKeyspaceBytes = 2 * 4 + 5 * 8;

template <class Io>
void fields(Io& io, Field<Io, KeyspacesRequest>& m) {
    io.bytes("prefix", m.prefix);
}

template <class Io>
void fields(Io& io, Field<Io, KeyspaceEntry>& m) {
    io.u32("id", m.id);
    io.bytes("name", m.name, kMaxKeyspaceNameBytes);
    io.u64("approximate_keys", m.approximate_keys);
    io.u64("reads", m.reads);
    io.u64("hits", m.hits);
    io.u64("writes", m.writes);
    io.u64("deletes", m.deletes);
}

template <class Io>
void fields(Io& io, Field<Io, KeyspacesResponse>& m) {
    io.list("entries", m.entries, kMinKeyspaceBytes, [&io](auto& e) { fields(io, e); });
}

template <class Io>
void fields(Io& io, Field<Io, KeyspaceNameRequest>& m) {
    io.bytes("name", m.name, kMaxKeyspaceNameBytes);
}

}  // namespace

KV_WIRE_BODY(StatusRequest, "STATUS request")
KV_WIRE_BODY(StatusResponse, "STATUS response")
KV_WIRE_BODY(StatsRequest, "STATS request")
KV_WIRE_BODY(StatsResponse, "STATS response")
KV_WIRE_BODY(CheckpointRequest, "CHECKPOINT request")
KV_WIRE_BODY(CheckpointResponse, "CHECKPOINT response")
KV_WIRE_BODY(KeyspacesRequest, "KEYSPACES request")
KV_WIRE_BODY(KeyspacesResponse, "KEYSPACES response")
KV_WIRE_BODY(KeyspaceNameRequest, "keyspace name")

}  // namespace kv::protocol
