// Ops, batches and groups: encoding, and what a reader makes of malformed ones.
// SPDX-License-Identifier: Apache-2.0
#include "record/batch_format.h"

#include <catch2/catch.hpp>
#include <vector>

namespace kv {
namespace {

std::string describe(Bytes ops) {
    std::string text;
    BatchReader reader(ops);
    Op op;
    while (reader.next(op)) {
        text += std::to_string(op.kind) + ":" + std::string(op.key) + "=" + std::string(op.value) +
                "@" + std::to_string(op.expiry_ms) + "+" + std::to_string(op.by) + " ";
    }
    if (!reader.status().is_ok()) text += code_name(reader.status().code());
    return text;
}

std::string one_of_each() {
    std::string ops;
    append_put(ops, "a", "1");
    append_put_with_expiry(ops, "b", "2", 77);
    append_delete(ops, "c");
    append_increment(ops, "d", -5);
    return ops;
}

TEST_CASE("batch format: ops come back as they were written, in order") {
    CHECK(describe("") == "");
    CHECK(describe(one_of_each()) == "1:a=1@0+0 4:b=2@77+0 2:c=@0+0 64:d=@0+-5 ");
}

TEST_CASE("batch format: append_op writes what the reader returned") {
    const std::string ops = one_of_each();
    std::string again;
    BatchReader reader(ops);
    Op op;
    while (reader.next(op)) append_op(again, op);
    CHECK(again == ops);
}

TEST_CASE("batch format: a batch cut at any byte within an op is corruption") {
    const std::string ops = one_of_each();
    for (size_t length = 0; length < ops.size(); ++length) {
        CAPTURE(length);
        // Copied to its exact size so that a sanitizer sees any read beyond it.
        const std::vector<char> cut(ops.begin(), ops.begin() + static_cast<long>(length));
        BatchReader reader(Bytes(cut.data(), cut.size()));
        Op op;
        size_t good = 0;
        while (reader.next(op)) ++good;
        const bool at_boundary = length == 0 || length == 5 || length == 18 || length == 21;
        CHECK(reader.status().is_ok() == at_boundary);
        CHECK(good < 4);
    }
}

TEST_CASE("batch format: an unknown kind is corruption, never skipped") {
    for (int kind = 0; kind < 256; ++kind) {
        CAPTURE(kind);
        std::string ops(1, static_cast<char>(kind));
        ops += std::string("\x01k\x01v\0\0\0\0\0\0\0\0", 12);
        BatchReader reader(ops);
        Op op;
        const bool known =
            (kind >= 1 && kind <= 4) || kind == kIncrementOp || kind == kRangeDeleteToEndOp;
        CHECK(reader.next(op) == known);
        CHECK(reader.status().is_ok() == known);
    }
}

TEST_CASE("batch format: lengths that wrap around are corruption") {
    std::string ops(
        "\x01\xff\xff\xff\xff\x0f"
        "k",
        7);
    CHECK(describe(ops) == "corruption");
    ops = std::string("\x01\x01k\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13);
    CHECK(describe(ops) == "corruption");
}

TEST_CASE("batch format: the internal value of a put with expiry carries the expiry in front") {
    std::string scratch;
    Op op;
    op.kind = static_cast<uint8_t>(Kind::kPut);
    op.value = "value";
    CHECK(internal_value(op, scratch).data() == op.value.data());
    CHECK(internal_value_bytes(op) == 5);
    op.kind = static_cast<uint8_t>(Kind::kPutWithExpiry);
    op.expiry_ms = 0x0102;
    CHECK(internal_value(op, scratch) == std::string("\x02\x01\0\0\0\0\0\0value", 13));
    CHECK(internal_value_bytes(op) == 13);
}

TEST_CASE("batch format: a group gives its batches back, and refuses a cut one") {
    std::string payload;
    append_batch(payload, 4, one_of_each());
    append_batch(payload, 0, "");
    const size_t whole = payload.size();
    append_batch(payload, 1, std::string("\x02\x01z", 3));
    GroupReader group(payload);
    uint32_t count;
    Bytes ops;
    REQUIRE(group.next(count, ops));
    CHECK(count == 4);
    CHECK(ops == one_of_each());
    REQUIRE(group.next(count, ops));
    CHECK(count == 0);
    REQUIRE(group.next(count, ops));
    CHECK(ops == std::string("\x02\x01z", 3));
    CHECK_FALSE(group.next(count, ops));
    CHECK(group.status().is_ok());
    for (size_t length = whole + 1; length < payload.size(); ++length) {
        GroupReader cut(Bytes(payload).substr(0, length));
        while (cut.next(count, ops)) {
        }
        CHECK(cut.status().is(Code::kCorruption));
    }
}

TEST_CASE("batch format: the log may hold neither increments nor a wrong count") {
    std::string ops;
    append_put(ops, "a", "1");
    CHECK(check_logged_ops(1, ops).is_ok());
    CHECK(check_logged_ops(0, ops).is(Code::kCorruption));
    CHECK(check_logged_ops(2, ops).is(Code::kCorruption));
    append_increment(ops, "a", 1);
    CHECK(check_logged_ops(2, ops).is(Code::kCorruption));
}

}  // namespace
}  // namespace kv
