// Field lists of the reading messages: protocol/docs/wire_format.md, section "Reads".
// SPDX-License-Identifier: Apache-2.0
#include "protocol/read_messages.h"

#include "protocol/body_codec.h"
#include "protocol/key_range_fields.h"

namespace kv::protocol {
namespace {

template <class Io>
void fields(Io& io, Field<Io, GetRequest>& m) {
    io.u64("snapshot_id", m.snapshot_id);
    io.bytes("key", m.key);
}

template <class Io>
void fields(Io& io, Field<Io, GetResponse>& m) {
    io.boolean("found", m.found);
    io.u64("seqno", m.seqno);
    io.u64("expiry_ms", m.expiry_ms);
    io.bytes("value", m.value);
    io.require(m.found || (m.seqno == 0 && m.expiry_ms == 0 && m.value.empty()), "value",
               "belongs to an entry that was not found");
}

template <class Io>
void fields(Io& io, Field<Io, MultiGetRequest>& m) {
    io.u64("snapshot_id", m.snapshot_id);
    io.list("keys", m.keys, sizeof(uint32_t), [&io](auto& key) { io.bytes("key", key); });
}

template <class Io>
void fields(Io& io, Field<Io, MultiGetResponse>& m) {
    io.list("items", m.items, kGetHeadBytes, [&io](auto& item) { fields(io, item); });
}

template <class Io>
void fields(Io& io, Field<Io, ScanRequest>& m) {
    io.boolean("reverse", m.reverse);
    io.boolean("keys_only", m.keys_only);
    io.u64("limit", m.limit);
    io.u64("snapshot_id", m.snapshot_id);
    io.u32("credit_bytes", m.credit_bytes);
    fields(io, m.range);
    io.bytes("resume_token", m.resume_token);
}

template <class Io>
void fields(Io& io, Field<Io, ScanEntry>& m) {
    io.bytes("key", m.key);
    io.u64("seqno", m.seqno);
    io.u64("expiry_ms", m.expiry_ms);
    io.bytes("value", m.value);
}

template <class Io>
void fields(Io& io, Field<Io, ScanChunk>& m) {
    io.boolean("exhausted", m.exhausted);
    io.list("entries", m.entries, kScanEntryOverheadBytes, [&io](auto& e) { fields(io, e); });
    io.bytes("resume_token", m.resume_token);
}

template <class Io>
void fields(Io& io, Field<Io, ScanCreditRequest>& m) {
    io.u64("target_request_id", m.target_request_id);
    io.u32("credit_bytes", m.credit_bytes);
}

template <class Io>
void fields(Io& io, Field<Io, CountRequest>& m) {
    io.boolean("exact", m.exact);
    io.u64("snapshot_id", m.snapshot_id);
    fields(io, m.range);
}

template <class Io>
void fields(Io& io, Field<Io, CountResponse>& m) {
    io.u64("count", m.count);
    io.boolean("exact", m.exact);
}

template <class Io>
void fields(Io& io, Field<Io, ExplainRequest>& m) {
    using Read = ExplainRequest::Read;
    io.enumerator("read", m.read, Read::kGet, Read::kScan);
    io.u64("snapshot_id", m.snapshot_id);
    io.bytes("key", m.key);
    io.u64("limit", m.limit);
    fields(io, m.range);
    if (m.read == Read::kScan) return io.require(m.key.empty(), "key", "belongs to a get");
    io.require(m.limit == 0 && m.range == KeyRange{}, "limit, lower, upper, prefix",
               "belong to a scan");
}

template <class Io>
void fields(Io& io, Field<Io, ExplainResponse>& m) {
    io.bytes("text", m.text);
}

template <class Io>
void fields(Io& io, Field<Io, SnapshotOpenRequest>& m) {
    io.u32("lease_ms", m.lease_ms);
}

template <class Io>
void fields(Io& io, Field<Io, SnapshotRenewRequest>& m) {
    io.u64("snapshot_id", m.snapshot_id);
    io.u32("lease_ms", m.lease_ms);
}

template <class Io>
void fields(Io& io, Field<Io, SnapshotResponse>& m) {
    io.u64("snapshot_id", m.snapshot_id);
    io.u64("seqno", m.seqno);
    io.u32("lease_ms", m.lease_ms);
}

template <class Io>
void fields(Io& io, Field<Io, SnapshotCloseRequest>& m) {
    io.u64("snapshot_id", m.snapshot_id);
}

}  // namespace

void append_get_head(std::string& out, uint64_t seqno, uint64_t expiry_ms, uint32_t value_bytes) {
    WireWriter writer(out);
    writer.boolean(true);
    writer.u64(seqno);
    writer.u64(expiry_ms);
    writer.u32(value_bytes);
}

KV_WIRE_BODY(GetRequest, "GET request")
KV_WIRE_BODY(GetResponse, "GET response")
KV_WIRE_BODY(MultiGetRequest, "MULTI_GET request")
KV_WIRE_BODY(MultiGetResponse, "MULTI_GET response")
KV_WIRE_BODY(ScanRequest, "SCAN request")
KV_WIRE_BODY(ScanChunk, "SCAN response")
KV_WIRE_BODY(ScanCreditRequest, "SCAN_CREDIT request")
KV_WIRE_BODY(CountRequest, "COUNT request")
KV_WIRE_BODY(CountResponse, "COUNT response")
KV_WIRE_BODY(ExplainRequest, "EXPLAIN request")
KV_WIRE_BODY(ExplainResponse, "EXPLAIN response")
KV_WIRE_BODY(SnapshotOpenRequest, "SNAPSHOT_OPEN request")
KV_WIRE_BODY(SnapshotRenewRequest, "SNAPSHOT_RENEW request")
KV_WIRE_BODY(SnapshotResponse, "SNAPSHOT response")
KV_WIRE_BODY(SnapshotCloseRequest, "SNAPSHOT_CLOSE request")

}  // namespace kv::protocol
