// The hash that disks remember: its values may never change.
// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <catch2/catch.hpp>
#include <set>

TEST_CASE("hash64: is XXH3-64, as stored on disk") {
    CHECK(kv::hash64("") == 0x2D06800538D394C2ULL);
    CHECK(kv::hash64("a") == 0xE6C632B61E964E1FULL);
    CHECK(kv::hash64("abc") == 0x78AF5F94892F3950ULL);
    CHECK(kv::hash64("abc", 1) != kv::hash64("abc"));
}

TEST_CASE("place_salt: differs by file and by offset") {
    std::set<uint64_t> salts;
    for (uint64_t file = 0; file < 50; ++file) {
        for (uint64_t offset = 0; offset < 4096; offset += 64) {
            salts.insert(kv::place_salt(file, offset));
        }
    }
    CHECK(salts.size() == 50 * 64);
}
