// Shared bytes behave like a plain string.
// SPDX-License-Identifier: Apache-2.0
#include "support/file_content.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "support/seed.h"

using kv::test::FileContent;

TEST_CASE("file content: empty, one byte, a gap of zeros") {
    FileContent content;
    CHECK(content.size() == 0);
    CHECK(content.to_string().empty());
    content.write(3, "x");
    CHECK(content.to_string() == std::string("\0\0\0x", 4));
    content.write(0, "");
    CHECK(content.size() == 4);
}

TEST_CASE("file content: a copy does not see later changes, nor the original the copy's") {
    FileContent first(std::string(10'000, 'a'));
    FileContent second = first;
    second.write(5000, "b");
    first.resize(10);
    CHECK(first.to_string() == std::string(10, 'a'));
    CHECK(second.size() == 10'000);
    CHECK(second.to_string()[5000] == 'b');
}

TEST_CASE("file content: random changes agree with a string") {
    const uint64_t seed = kv::test::test_seed();
    CAPTURE(seed);
    kv::Random random(seed);
    FileContent content;
    std::string model;
    for (int step = 0; step < 2000; ++step) {
        const size_t offset = random.below(20'000);
        if (random.one_in(5)) {
            content.resize(offset);
            model.resize(offset);
        } else {
            const std::string bytes = kv::test::random_bytes(random, random.below(9000));
            content.write(offset, bytes);
            if (!bytes.empty()) {
                model.resize(std::max(model.size(), offset + bytes.size()));
                model.replace(offset, bytes.size(), bytes);
            }
        }
        REQUIRE(content.size() == model.size());
        const size_t from = random.below(25'000);
        std::string part(random.below(9000), '?');
        part.resize(content.read(from, part.size(), part.data()));
        const size_t expected = std::min(model.size(), from);
        REQUIRE(part == model.substr(expected, part.size()));
    }
    CHECK(content.to_string() == model);
}
