// Field lists of the writing messages: protocol/docs/wire_format.md, section "Writes".
// SPDX-License-Identifier: Apache-2.0
#include "protocol/write_messages.h"

#include "protocol/body_codec.h"
#include "protocol/key_range_fields.h"

namespace kv::protocol {
namespace {

// The fewest bytes of an operation (a delete: kind, key length) and of a precondition.
constexpr uint32_t kMinOpBytes = 1 + 4;
constexpr uint32_t kPreconditionBytes = 1 + 8 + 4 + 4;

template <class Io>
void fields(Io& io, Field<Io, PutRequest>& m) {
    io.u64("expiry_ms", m.expiry_ms);
    io.bytes("key", m.key);
    io.bytes("value", m.value);
}

template <class Io>
void fields(Io& io, Field<Io, DeleteRequest>& m) {
    io.bytes("key", m.key);
}

template <class Io>
void fields(Io& io, Field<Io, DeleteRangeRequest>& m) {
    fields(io, m.range);
}

template <class Io>
void fields(Io& io, Field<Io, IncrementRequest>& m) {
    io.i64("by", m.by);
    io.bytes("key", m.key);
}

template <class Io>
void fields(Io& io, Field<Io, BatchOp>& m) {
    using Kind = BatchOp::Kind;
    io.enumerator("operation kind", m.kind, Kind::kPut, Kind::kIncrement);
    io.bytes("operation key", m.key);
    switch (m.kind) {
        case Kind::kPut:
            io.bytes("operation value", m.value);
            break;
        case Kind::kDelete:
            break;
        case Kind::kPutWithExpiry:
            io.u64("operation expiry_ms", m.expiry_ms);
            io.require(m.expiry_ms != 0, "operation expiry_ms", "must not be 0");
            io.bytes("operation value", m.value);
            break;
        case Kind::kIncrement:
            io.i64("operation amount", m.by);
            break;
    }
}

template <class Io>
void fields(Io& io, Field<Io, BatchPrecondition>& m) {
    using Kind = BatchPrecondition::Kind;
    io.enumerator("precondition kind", m.kind, Kind::kAbsent, Kind::kNotNewer);
    io.u64("precondition seqno", m.seqno);
    io.bytes("precondition key", m.key);
    io.bytes("precondition value", m.value);
    const bool uses_seqno = m.kind == Kind::kSeqnoEquals || m.kind == Kind::kNotNewer;
    io.require(uses_seqno || m.seqno == 0, "precondition seqno", "must be 0 for this kind");
    io.require(m.kind == Kind::kValueEquals || m.value.empty(), "precondition value",
               "must be empty for this kind");
}

template <class Io>
void fields(Io& io, Field<Io, BatchRequest>& m) {
    io.list("preconditions", m.preconditions, kPreconditionBytes,
            [&io](auto& precondition) { fields(io, precondition); });
    io.list("operations", m.ops, kMinOpBytes, [&io](auto& op) { fields(io, op); });
}

template <class Io>
void fields(Io& io, Field<Io, WriteResponse>& m) {
    io.u64("first_seqno", m.first_seqno);
    io.u64("last_seqno", m.last_seqno);
    io.enumerator("reached", m.reached, Durability::kMemory, Durability::kDisk);
    io.list("counters", m.counters, sizeof(int64_t),
            [&io](auto& counter) { io.i64("counter", counter); });
}

}  // namespace

KV_WIRE_BODY(PutRequest, "PUT request")
KV_WIRE_BODY(DeleteRequest, "DELETE request")
KV_WIRE_BODY(DeleteRangeRequest, "DELETE_RANGE request")
KV_WIRE_BODY(IncrementRequest, "INCREMENT request")
KV_WIRE_BODY(BatchRequest, "BATCH request")
KV_WIRE_BODY(WriteResponse, "write response")

}  // namespace kv::protocol
