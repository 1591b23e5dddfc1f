// Batch: collecting mutations and preconditions, and handing them to the protocol.
// SPDX-License-Identifier: Apache-2.0
#include "kv/client_batch.h"

#include "api/batch_encoder.h"

namespace kv::client {

namespace {

using Op = protocol::BatchOp::Kind;
using Need = protocol::BatchPrecondition::Kind;

constexpr uint8_t wire(Op kind) { return static_cast<uint8_t>(kind); }
constexpr uint8_t wire(Need kind) { return static_cast<uint8_t>(kind); }

}  // namespace

void Batch::add(Item item, Bytes key, Bytes value) {
    item.key_bytes = key.size();
    item.value_bytes = value.size();
    bytes_.append(key).append(value);
    items_.push_back(item);
    if (!item.is_precondition) ++count_;
}

void Batch::put(Bytes key, Bytes value) { add({false, wire(Op::kPut), 0, 0, 0}, key, value); }

void Batch::put_with_expiry(Bytes key, Bytes value, uint64_t expiry_ms) {
    add({false, wire(expiry_ms == 0 ? Op::kPut : Op::kPutWithExpiry), expiry_ms, 0, 0}, key, value);
}

void Batch::del(Bytes key) { add({false, wire(Op::kDelete), 0, 0, 0}, key, {}); }

void Batch::increment(Bytes key, int64_t by) {
    add({false, wire(Op::kIncrement), static_cast<uint64_t>(by), 0, 0}, key, {});
}

void Batch::require_absent(Bytes key) { add({true, wire(Need::kAbsent), 0, 0, 0}, key, {}); }

void Batch::require_present(Bytes key) { add({true, wire(Need::kPresent), 0, 0, 0}, key, {}); }

void Batch::require_value(Bytes key, Bytes expected) {
    add({true, wire(Need::kValueEquals), 0, 0, 0}, key, expected);
}

void Batch::require_seqno(Bytes key, uint64_t seqno) {
    add({true, wire(Need::kSeqnoEquals), seqno, 0, 0}, key, {});
}

void Batch::require_not_newer(Bytes key, uint64_t seqno) {
    add({true, wire(Need::kNotNewer), seqno, 0, 0}, key, {});
}

void Batch::clear() {
    bytes_.clear();
    items_.clear();
    count_ = 0;
}

protocol::BatchRequest BatchEncoder::request(const Batch& batch) {
    protocol::BatchRequest out;
    out.ops.reserve(batch.count_);
    out.preconditions.reserve(batch.items_.size() - batch.count_);
    Bytes rest = batch.bytes_;
    for (const Batch::Item& item : batch.items_) {
        const Bytes key = rest.substr(0, item.key_bytes);
        const Bytes value = rest.substr(item.key_bytes, item.value_bytes);
        rest.remove_prefix(item.key_bytes + item.value_bytes);
        if (item.is_precondition) {
            out.preconditions.push_back({static_cast<Need>(item.kind), key, value, item.number});
            continue;
        }
        const auto kind = static_cast<Op>(item.kind);
        const bool expires = kind == Op::kPutWithExpiry;
        const bool counts = kind == Op::kIncrement;
        out.ops.push_back({kind, key, value, expires ? item.number : 0,
                           counts ? static_cast<int64_t>(item.number) : 0});
    }
    return out;
}

}  // namespace kv::client
