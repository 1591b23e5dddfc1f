// The filter: never denies a key that is there, seldom passes one that is not.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/filter.h"

#include <catch2/catch.hpp>

#include "base/hash.h"

using namespace kv;
using namespace kv::sstable;

namespace {

uint64_t hash_of(uint64_t i) { return hash64(std::to_string(i)); }

std::string filter_content(uint64_t keys, uint32_t bits_per_key) {
    FilterBuilder builder;
    for (uint64_t i = 0; i < keys; ++i) builder.add(hash_of(i));
    return builder.finish(bits_per_key);
}

Filter make_filter(uint64_t keys, uint32_t bits_per_key) {
    Filter filter;
    REQUIRE(filter.load(filter_content(keys, bits_per_key)).is_ok());
    return filter;
}

}  // namespace

TEST_CASE("filter: one that was never loaded passes everything") {
    CHECK(Filter().may_contain(12345));
    CHECK(Filter().empty());
}

TEST_CASE("filter: passes every key it was built from") {
    for (const uint64_t keys : std::initializer_list<uint64_t>{1, 2, 51, 52, 1000, 20'000})
        for (const uint32_t bits : {1U, 2U, 5U, 10U, 20U, 100U}) {
            const Filter filter = make_filter(keys, bits);
            for (uint64_t i = 0; i < keys; ++i) REQUIRE(filter.may_contain(hash_of(i)));
        }
}

TEST_CASE("filter: passes few other keys") {
    const auto false_positives = [](uint32_t bits_per_key) {
        const Filter filter = make_filter(50'000, bits_per_key);
        uint64_t passed = 0;
        for (uint64_t i = 0; i < 100'000; ++i)
            passed += filter.may_contain(hash_of(1'000'000 + i)) ? 1 : 0;
        return static_cast<double>(passed) / 100'000;
    };
    CHECK(false_positives(5) < 0.13);
    CHECK(false_positives(10) < 0.013);
    CHECK(false_positives(16) < 0.003);
}

TEST_CASE("filter: one in pieces gives the answers of the whole") {
    const std::string content = filter_content(5000, 10);
    const Bytes lines = Bytes(content).substr(0, content.size() - kFilterTailBytes);
    Filter whole, split;
    REQUIRE(whole.load(content).is_ok());
    REQUIRE(split.load(partitioned_filter(Bytes(content).substr(lines.size()), 10)).is_ok());
    REQUIRE(split.is_partitioned());
    CHECK(split.memory_bytes() == 0);
    CHECK(split.whole(lines) == content);
    CHECK(split.pieces() == (lines.size() / kFilterLineBytes + 9) / 10);
    for (uint64_t i = 0; i < 20'000; ++i) {
        const size_t piece = split.piece_of(hash_of(i));
        REQUIRE(piece < split.pieces());
        const BlockHandle handle = split.piece(piece, 0);
        const Bytes stored = lines.substr(handle.offset - piece * kBlockTrailerBytes, handle.size);
        REQUIRE(split.piece_may_contain(stored, hash_of(i)) == whole.may_contain(hash_of(i)));
    }
}

TEST_CASE("filter: content of the wrong shape is refused") {
    const std::string good = filter_content(3, 10);
    REQUIRE(good.size() == 64 + 8);
    const auto load = [](const std::string& content) { return Filter().load(content); };
    CHECK(load("").is(Code::kCorruption));
    CHECK(load(good.substr(1)).is(Code::kCorruption));
    CHECK(load(good + '\0').is(Code::kUnsupported));
    const auto changed = [&](size_t offset, char byte) {
        std::string content = good;
        content[64 + offset] = byte;
        return load(content);
    };
    CHECK(changed(0, 2).is(Code::kUnsupported));
    CHECK(changed(1, 0).is(Code::kCorruption));
    CHECK(changed(1, 8).is(Code::kCorruption));
    CHECK(changed(4, 0).is(Code::kCorruption));
    CHECK(changed(4, 2).is(Code::kCorruption));
    CHECK(changed(7, -1).is(Code::kCorruption));
}
