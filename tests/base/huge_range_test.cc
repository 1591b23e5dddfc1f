// Address space on huge pages.
// SPDX-License-Identifier: Apache-2.0
#include "base/huge_range.h"

#include <catch2/catch.hpp>
#include <cstdint>

using namespace kv;

TEST_CASE("huge range: begins at a huge page and ends with one") {
    for (const size_t bytes : {size_t{1}, HugeRange::kPageBytes, HugeRange::kPageBytes + 1}) {
        const auto range = HugeRange::reserve(bytes);
        REQUIRE(range != nullptr);
        CHECK(reinterpret_cast<uintptr_t>(range->begin()) % HugeRange::kPageBytes == 0);
        CHECK(range->size() % HugeRange::kPageBytes == 0);
        CHECK(range->size() >= bytes);
        CHECK(range->size() < bytes + HugeRange::kPageBytes);
    }
}

TEST_CASE("huge range: is zeros, to its last byte, and keeps what is written") {
    const auto range = HugeRange::reserve(3 * HugeRange::kPageBytes);
    REQUIRE(range != nullptr);
    for (size_t i = 0; i < range->size(); i += 4096) REQUIRE(range->begin()[i] == 0);
    char& last = range->begin()[range->size() - 1];
    CHECK(last == 0);
    last = 'x';
    CHECK(last == 'x');
}

TEST_CASE("huge range: more than there is of addresses is refused") {
    CHECK(HugeRange::reserve(size_t{1} << 60) == nullptr);
}
