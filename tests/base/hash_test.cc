// The hash that disks remember: its values may never change.
// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

TEST_CASE("hash64: is XXH3-64, as stored on disk") {
    CHECK(kv::hash64("") == 0x2D06800538D394C2ULL);
    CHECK(kv::hash64("a") == 0xE6C632B61E964E1FULL);
    CHECK(kv::hash64("abc") == 0x78AF5F94892F3950ULL);
    CHECK(kv::hash64("abc", 1) != kv::hash64("abc"));
}

TEST_CASE("hash64: long inputs are hashed the same whatever registers the processor has") {
    // From the portable code of the reference implementation.
    struct Known {
        size_t size;
        uint64_t plain, seeded;
    };
    const Known all[] = {
        {255, 0x99B37C2C806E33D3ULL, 0x580FA33AF3AE9478ULL},
        {256, 0xFF5A1CEFADE75BB9ULL, 0xCE02325E06ACFDB8ULL},
        {257, 0x84EB2ACDD4C7B1A1ULL, 0x57EF0119C2C7974DULL},
        {1024, 0x71BEE625238ADDB4ULL, 0x7CEE9B94B2E4167CULL},
        {1025, 0xD9B414F4E1BBF7ADULL, 0x296470B1648F5203ULL},
        {4096, 0x5C722D9CEB6F9064ULL, 0x64929E838A755CE4ULL},
        {4999, 0x91BAED057F6CEB56ULL, 0x6125F964E330C0B2ULL},
    };
    std::string bytes;
    for (unsigned i = 0; i < 5000; ++i) bytes.push_back(static_cast<char>(i * 7 + i / 256));
    for (const Known& known : all) {
        CAPTURE(known.size);
        const kv::Bytes input = kv::Bytes(bytes).substr(0, known.size);
        CHECK(kv::hash64(input) == known.plain);
        CHECK(kv::hash64(input, 0x1234567890ABCDEFULL) == known.seeded);
    }
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
