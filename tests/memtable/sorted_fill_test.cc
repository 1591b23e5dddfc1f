// Filling a memtable in key order: the same memtable as filling it in log order.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/sorted_fill.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/random.h"
#include "support/seed.h"

using namespace kv;

namespace {

Op put_op(Bytes key, Bytes value) {
    Op op;
    op.kind = static_cast<uint8_t>(Kind::kPut);
    op.key = key;
    op.value = value;
    return op;
}

std::string dump(const Memtable& memtable) {
    std::string text;
    const auto it = memtable.new_iterator();
    for (it->seek_to_first(); it->valid(); it->next())
        text.append(it->key()).append("=").append(it->value()).append("\n");
    return text;
}

}  // namespace

TEST_CASE("sorted fill: makes the memtable that the order of the log makes") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (const size_t capacity : {16, 500, 20'000}) {
        CAPTURE(capacity);
        Memtable expected(Bytes(), std::make_shared<BlockPool>(1U << 20));
        auto filled = std::make_shared<Memtable>(Bytes(), std::make_shared<BlockPool>(1U << 20));
        SortedFill fill(4 * capacity);
        for (Seqno seqno = 1; seqno <= 2000; ++seqno) {
            const std::string key =
                (random.below(2) == 0 ? "a long common prefix " : "") +
                std::to_string(random.below(300)).substr(0, 1 + random.below(3));
            const std::string value(random.below(60), static_cast<char>('a' + random.below(26)));
            Op op = put_op(key, value);
            const std::string end = key + "5";
            switch (random.below(10)) {
                case 0:
                    op.kind = static_cast<uint8_t>(Kind::kDelete);
                    op.value = {};
                    break;
                case 1:
                    op.kind = static_cast<uint8_t>(Kind::kPutWithExpiry);
                    op.expiry_ms = 1 + random.below(1000);
                    break;
                case 2:
                    op.kind = static_cast<uint8_t>(Kind::kRangeDelete);
                    op.value = end;
                    break;
                default:
                    break;
            }
            expected.apply(op, seqno);
            fill.add(filled, op, seqno);
        }
        fill.pour(filled);
        const Memtable& memtable = *filled;
        CHECK(fill.bytes() == 0);
        CHECK(dump(memtable) == dump(expected));
        CHECK(memtable.entries() == expected.entries());
        CHECK(memtable.tombstones() == expected.tombstones());
        CHECK(memtable.range_deletes() == expected.range_deletes());
        CHECK(memtable.smallest_seqno() == expected.smallest_seqno());
        CHECK(memtable.largest_seqno() == expected.largest_seqno());
    }
}

TEST_CASE("sorted fill: an empty memtable gives way to one that is made for the keys") {
    const auto pool = std::make_shared<BlockPool>(1U << 20);
    auto filled = std::make_shared<Memtable>(Bytes(), pool);
    const Memtable* const first = filled.get();
    SortedFill fill(1U << 20);
    for (Seqno seqno = 1; seqno <= 2000; ++seqno)
        fill.add(filled, put_op("user:" + std::to_string(seqno), "v"), seqno);
    CHECK(filled.get() == first);
    fill.pour(filled);
    CHECK(filled.get() != first);
    CHECK(filled->common_prefix() == "user:");
    CHECK(filled->entries() == 2000);
    const Memtable* const second = filled.get();
    fill.add(filled, put_op("other", "v"), 2001);
    fill.pour(filled);
    CHECK(filled.get() == second);
    CHECK(filled->get("other", 2001)->value == "v");
}
