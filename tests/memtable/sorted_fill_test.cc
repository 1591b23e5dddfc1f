// Filling a memtable in key order: the same memtable as filling it in log order.
// SPDX-License-Identifier: Apache-2.0
#include "memtable/sorted_fill.h"

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <set>
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

std::string shown(const std::optional<MemtableEntry>& entry) {
    if (!entry.has_value()) return "none";
    return std::to_string(entry->seqno) + " " + std::to_string(static_cast<int>(entry->kind)) +
           " " + std::string(entry->value);
}

}  // namespace

TEST_CASE("sorted fill: makes the memtable that the order of the log makes") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (const Seqno operations : {0, 1, 20, 2000}) {
        CAPTURE(operations);
        Memtable expected(Bytes(), std::make_shared<BlockPool>(1U << 20));
        Memtable memtable(Bytes(), std::make_shared<BlockPool>(1U << 20));
        std::set<std::string> keys;
        SortedFill fill;
        for (Seqno seqno = 1; seqno <= operations; ++seqno) {
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
            keys.insert(key);
            expected.apply(op, seqno);
            fill.add(memtable, op, seqno);
        }
        fill.pour(memtable);
        CHECK(fill.bytes() == 0);
        CHECK(dump(memtable) == dump(expected));
        CHECK(memtable.entries() == expected.entries());
        CHECK(memtable.tombstones() == expected.tombstones());
        CHECK(memtable.range_deletes() == expected.range_deletes());
        CHECK(memtable.smallest_seqno() == expected.smallest_seqno());
        CHECK(memtable.largest_seqno() == expected.largest_seqno());
        CHECK(memtable.earliest_expiry_ms() == expected.earliest_expiry_ms());
        for (const std::string& key : keys) {
            const Seqno at = 1 + random.below(operations);
            CAPTURE(key, at);
            CHECK(shown(memtable.get(key, operations)) == shown(expected.get(key, operations)));
            CHECK(shown(memtable.get(key, at)) == shown(expected.get(key, at)));
        }
    }
}

TEST_CASE("sorted fill: a memtable is filled once more after its first use, in the usual way") {
    Memtable memtable;
    SortedFill fill;
    for (Seqno seqno = 1; seqno <= 2000; ++seqno)
        fill.add(memtable, put_op("user:" + std::to_string(seqno % 1000), "v"), seqno);
    fill.pour(memtable);
    CHECK(memtable.common_prefix() == "user:");
    for (Seqno seqno = 2001; seqno <= 4000; ++seqno)
        memtable.apply(put_op("user:" + std::to_string(seqno % 1500), "w"), seqno);
    memtable.apply(put_op("other", "x"), 4001);
    CHECK(memtable.entries() == 4001);
    CHECK(memtable.get("other", 4001)->value == "x");
    CHECK(memtable.get("user:7", 2000)->value == "v");
    CHECK(memtable.get("user:7", 4001)->value == "w");
    CHECK(memtable.get("user:1499", 4001)->value == "w");
    CHECK_FALSE(memtable.get("user:1499", 2000).has_value());
}

TEST_CASE("sorted fill: what filled one memtable keeps nothing of it for the next") {
    SortedFill fill;
    auto first = std::make_unique<Memtable>();
    fill.add(*first, put_op("a long key of the first memtable, on the heap", "v"), 1);
    fill.pour(*first);
    first.reset();
    Memtable second;
    Op op = put_op("b", "c");
    op.kind = static_cast<uint8_t>(Kind::kRangeDelete);
    fill.add(second, op, 2);
    fill.pour(second);
    CHECK_FALSE(second.empty());
    CHECK(second.covering_seqno("b", 2) == 2);
    second.apply(put_op("b1", "v"), 3);
    CHECK(second.get("b1", 3)->value == "v");
    CHECK(dump(second).ends_with("=v\n"));
}
