// WriteBatch and the names of the durability levels: kv/write_batch.h, kv/types.h.
// SPDX-License-Identifier: Apache-2.0
#include "kv/write_batch.h"

#include "kv/result.h"
#include "record/batch_format.h"

namespace kv {

namespace {

/// Keys have at least one byte, so nothing sorts before this one.
constexpr Bytes kFirstKey{"\0", 1};

}  // namespace

void WriteBatch::put(Bytes key, Bytes value) {
    append_put(rep_, key, value);
    ++count_;
}

void WriteBatch::put_with_expiry(Bytes key, Bytes value, uint64_t expiry_ms) {
    append_put_with_expiry(rep_, key, value, expiry_ms);
    ++count_;
}

void WriteBatch::del(Bytes key) {
    append_delete(rep_, key);
    ++count_;
}

void WriteBatch::delete_range(Bytes begin, std::optional<Bytes> end) {
    if (begin.empty()) begin = kFirstKey;
    if (end && *end <= begin) return;
    if (end) {
        append_range_delete(rep_, begin, *end);
    } else {
        append_range_delete_to_end(rep_, begin);
        ++open_ranges_;
    }
    ++count_;
}

void WriteBatch::delete_prefix(Bytes prefix) {
    const std::string behind = prefix_successor(prefix);
    delete_range(prefix, behind.empty() ? std::nullopt : std::optional<Bytes>(behind));
}

void WriteBatch::increment(Bytes key, int64_t by) {
    append_increment(rep_, key, by);
    ++count_;
    ++increments_;
}

void WriteBatch::clear() {
    rep_.clear();
    count_ = 0;
    increments_ = 0;
    open_ranges_ = 0;
    preconditions_.clear();
}

Status WriteBatch::decode(Bytes encoded, WriteBatch& out) {
    out.clear();
    uint32_t count = 0, increments = 0, open_ranges = 0;
    BatchReader reader(encoded);
    Op op;
    while (reader.next(op)) {
        ++count;
        increments += op.is_increment() ? 1 : 0;
        open_ranges += op.kind == kRangeDeleteToEndOp ? 1 : 0;
    }
    KV_RETURN_IF_ERROR(reader.status());
    out.rep_.assign(encoded);
    out.count_ = count;
    out.increments_ = increments;
    out.open_ranges_ = open_ranges;
    return Status::ok();
}

}  // namespace kv
