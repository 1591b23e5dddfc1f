// WriteBatch as a builder and decoder.
// SPDX-License-Identifier: Apache-2.0
#include "kv/write_batch.h"

#include <catch2/catch.hpp>

namespace kv {
namespace {

TEST_CASE("write batch: counts mutations and increments, and is empty when it has none") {
    WriteBatch batch;
    CHECK(batch.empty());
    batch.put("a", "1");
    batch.put_with_expiry("b", "2", 5);
    batch.del("c");
    batch.increment("d", 3);
    CHECK_FALSE(batch.empty());
    CHECK(batch.count() == 4);
    CHECK(batch.increment_count() == 1);
    CHECK(batch.size_bytes() == batch.encoded().size());
    batch.clear();
    CHECK(batch.empty());
    CHECK(batch.increment_count() == 0);
}

TEST_CASE("write batch: a range delete is one mutation, unresolved only without an end") {
    WriteBatch batch;
    batch.delete_range("b", "d");
    CHECK(batch.count() == 1);
    CHECK(batch.unresolved_count() == 0);
    batch.delete_range("b", std::nullopt);
    batch.delete_prefix("\xff\xff");
    CHECK(batch.count() == 3);
    CHECK(batch.unresolved_count() == 2);
    CHECK(batch.increment_count() == 0);
    WriteBatch copy;
    REQUIRE(WriteBatch::decode(batch.encoded(), copy).is_ok());
    CHECK(copy.count() == 3);
    CHECK(copy.unresolved_count() == 2);
}

TEST_CASE("write batch: a range that holds nothing adds nothing") {
    WriteBatch batch;
    batch.delete_range("b", "b");
    batch.delete_range("c", "b");
    CHECK(batch.empty());
}

TEST_CASE("write batch: a stored range delete that ends before it begins is corruption") {
    WriteBatch batch;
    CHECK(WriteBatch::decode(std::string("\x03\x01"
                                         "d"
                                         "\x01"
                                         "b"),
                             batch)
              .is(Code::kCorruption));
    CHECK(WriteBatch::decode(std::string("\x03\x01"
                                         "b"
                                         "\x01"
                                         "d"),
                             batch)
              .is_ok());
    CHECK(batch.count() == 1);
}

TEST_CASE("write batch: a precondition alone makes it not empty") {
    WriteBatch batch;
    batch.require({Precondition::Kind::kAbsent, "k", "", 0});
    CHECK_FALSE(batch.empty());
    batch.clear();
    CHECK(batch.empty());
}

TEST_CASE("write batch: decode takes what encoded gave") {
    WriteBatch batch;
    batch.put("a", "1");
    batch.increment("d", 3);
    WriteBatch other;
    REQUIRE(WriteBatch::decode(batch.encoded(), other).is_ok());
    CHECK(other.encoded() == batch.encoded());
    CHECK(other.count() == 2);
    CHECK(other.increment_count() == 1);
}

TEST_CASE("write batch: decoding garbage is corruption and leaves an empty batch") {
    WriteBatch batch;
    batch.put("a", "1");
    const std::string cut(batch.encoded().substr(0, batch.size_bytes() - 1));
    CHECK(WriteBatch::decode(cut, batch).is(Code::kCorruption));
    CHECK(batch.empty());
}

TEST_CASE("write batch: durability levels have names") {
    CHECK(durability_name(Durability::kMemory) == "memory");
    CHECK(durability_name(Durability::kOs) == "os");
    CHECK(durability_name(Durability::kDisk) == "disk");
}

}  // namespace
}  // namespace kv
