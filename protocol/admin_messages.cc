// Field lists of STATUS and STATS: protocol/docs/wire_format.md, section "The store".
// SPDX-License-Identifier: Apache-2.0
#include "protocol/admin_messages.h"

#include "protocol/body_codec.h"

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

}  // namespace

KV_WIRE_BODY(StatusRequest, "STATUS request")
KV_WIRE_BODY(StatusResponse, "STATUS response")
KV_WIRE_BODY(StatsRequest, "STATS request")
KV_WIRE_BODY(StatsResponse, "STATS response")

}  // namespace kv::protocol
