// Encoding and walking of batches and commit groups: record/batch_format.h.
// SPDX-License-Identifier: Apache-2.0
#include "record/batch_format.h"

#include "base/coding.h"
#include "kv/assert.h"
#include "kv/result.h"

namespace kv {

namespace {

void append_head(std::string& out, uint8_t kind, Bytes key) {
    out.push_back(static_cast<char>(kind));
    put_length_prefixed(out, key);
}

constexpr auto kPutByte = static_cast<uint8_t>(Kind::kPut);
constexpr auto kPutWithExpiryByte = static_cast<uint8_t>(Kind::kPutWithExpiry);
constexpr auto kDeleteByte = static_cast<uint8_t>(Kind::kDelete);
constexpr auto kRangeDeleteByte = static_cast<uint8_t>(Kind::kRangeDelete);

/// varint32 length, then that many bytes: the position after them, or null.
const char* parse_prefixed(const char* p, const char* end, Bytes& bytes) {
    uint32_t length;
    p = parse_varint32(p, end, length);
    if (p == nullptr || static_cast<size_t>(end - p) < length) return nullptr;
    bytes = Bytes(p, length);
    return p + length;
}

}  // namespace

void append_put(std::string& out, Bytes key, Bytes value) {
    out.reserve(out.size() + key.size() + value.size() + 11);  // once instead of piece by piece
    append_head(out, kPutByte, key);
    put_length_prefixed(out, value);
}

void append_put_with_expiry(std::string& out, Bytes key, Bytes value, uint64_t expiry_ms) {
    append_head(out, kPutWithExpiryByte, key);
    put_fixed64(out, expiry_ms);
    put_length_prefixed(out, value);
}

void append_delete(std::string& out, Bytes key) { append_head(out, kDeleteByte, key); }

void append_increment(std::string& out, Bytes key, int64_t by) {
    append_head(out, kIncrementOp, key);
    put_fixed64(out, static_cast<uint64_t>(by));
}

void append_range_delete(std::string& out, Bytes begin, Bytes end) {
    append_head(out, kRangeDeleteByte, begin);
    put_length_prefixed(out, end);
}

void append_range_delete_to_end(std::string& out, Bytes begin) {
    append_head(out, kRangeDeleteToEndOp, begin);
}

void append_op(std::string& out, const Op& op) {
    switch (op.kind) {
        case kPutByte:
            return append_put(out, op.key, op.value);
        case kPutWithExpiryByte:
            return append_put_with_expiry(out, op.key, op.value, op.expiry_ms);
        case kDeleteByte:
            return append_delete(out, op.key);
        case kIncrementOp:
            return append_increment(out, op.key, op.by);
        case kRangeDeleteByte:
            return append_range_delete(out, op.key, op.value);
        case kRangeDeleteToEndOp:
            return append_range_delete_to_end(out, op.key);
        default:
            break;
    }
    constexpr bool kIsKnownKind = false;
    KV_ASSERT(kIsKnownKind);
}

Bytes internal_value(const Op& op, std::string& scratch) {
    if (op.kind != kPutWithExpiryByte) return op.value;
    scratch.clear();
    scratch.reserve(kExpiryBytes + op.value.size());
    put_fixed64(scratch, op.expiry_ms);
    scratch.append(op.value);
    return scratch;
}

bool BatchReader::fail(const char* what) {
    status_ =
        Status::corruption("batch: " + std::string(what) + " in the op at byte " +
                           std::to_string(p_ - begin_) + " of " + std::to_string(end_ - begin_));
    p_ = end_;
    return false;
}

bool BatchReader::next(Op& op) {
    if (p_ == end_) return false;
    op = Op{};
    op.kind = static_cast<uint8_t>(*p_);
    if (!is_logged_kind(op.kind) && !op.is_unresolved()) return fail("unknown kind");
    const char* p = parse_prefixed(p_ + 1, end_, op.key);
    if (p == nullptr) return fail("key length beyond the end");
    if (op.kind == kPutWithExpiryByte || op.kind == kIncrementOp) {
        if (static_cast<size_t>(end_ - p) < 8) return fail("truncated number");
        const uint64_t number = load_fixed64(p);
        p += 8;
        if (op.kind == kIncrementOp) {
            op.by = static_cast<int64_t>(number);
        } else {
            op.expiry_ms = number;
        }
    }
    if (op.kind == kPutByte || op.kind == kPutWithExpiryByte || op.kind == kRangeDeleteByte) {
        p = parse_prefixed(p, end_, op.value);
        if (p == nullptr) return fail("value length beyond the end");
    }
    if (op.kind == kRangeDeleteByte && op.key >= op.value)
        return fail("a range delete that ends before it begins");
    p_ = p;
    return true;
}

void append_batch(std::string& payload, uint32_t count, Bytes ops) {
    put_varint32(payload, count);
    put_length_prefixed(payload, ops);
}

bool GroupReader::next(uint32_t& count, Bytes& ops) {
    if (p_ == end_) return false;
    const char* p = parse_varint32(p_, end_, count);
    if (p != nullptr) p = parse_prefixed(p, end_, ops);
    if (p == nullptr) {
        status_ = Status::corruption("commit group: malformed batch at byte " +
                                     std::to_string(p_ - begin_) + " of " +
                                     std::to_string(end_ - begin_));
        p_ = end_;
        return false;
    }
    p_ = p;
    return true;
}

Status check_logged_ops(uint32_t count, Bytes ops) {
    BatchReader reader(ops);
    Op op;
    uint64_t found = 0;
    for (; reader.next(op); ++found) {
        if (op.is_increment()) return Status::corruption("batch: increment stored in the log");
        if (op.is_unresolved())
            return Status::corruption("batch: range delete without an end stored in the log");
    }
    KV_RETURN_IF_ERROR(reader.status());
    if (found == count) return Status::ok();
    return Status::corruption("batch: " + std::to_string(found) + " ops where " +
                              std::to_string(count) + " are announced");
}

}  // namespace kv
