// Separators and the search for a block.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/index.h"

#include "iterator/entry_list.h"
#include "sstable/block_builder.h"

using namespace kv;
using namespace kv::test;
using namespace kv::sstable;

namespace {

std::string separator(Bytes last_user_key, Seqno last_seqno, Bytes next_user_key) {
    std::string out;
    append_separator(out, make_internal_key(last_user_key, last_seqno, Kind::kPut), next_user_key);
    return out;
}

std::string user_separator(Bytes last, Bytes next) {
    const std::string out = separator(last, 5, next);
    return std::string(user_key_of(out));
}

constexpr uint32_t kVersions[] = {1, 2};

/// The entry of an index block: version 1 stores the offset too.
std::string entry_of(uint32_t version, uint64_t offset, uint64_t size) {
    std::string entry;
    if (version == 1) put_varint64(entry, offset);
    append_index_entry(entry, size);
    return entry;
}

/// An index of blocks of 100 bytes with these separators.
std::string index_content(const EntryList& separators, uint32_t version) {
    BlockBuilder builder(4);
    uint64_t offset = 0;
    for (const auto& entry : separators) {
        builder.add(entry.first, entry_of(version, offset, 100));
        offset += 100 + kBlockTrailerBytes;
    }
    return std::string(builder.finish());
}

}  // namespace

TEST_CASE("index: a separator is as short as the two keys allow") {
    CHECK(user_separator("apple", "banana") == "b");
    CHECK(user_separator("apple", "apricot") == "apr");
    CHECK(user_separator("app", "apple") == "appl");
    CHECK(user_separator("a", "b") == "b");
    CHECK(separator("same", 5, "same") == make_internal_key("same", 5, Kind::kPut));
}

TEST_CASE("index: a separator lies between any two neighbours") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 300; ++round) {
        const EntryList entries = random_entries(random, 50);
        for (size_t i = 0; i + 1 < entries.size(); ++i) {
            std::string between;
            append_separator(between, entries[i].first, user_key_of(entries[i + 1].first));
            REQUIRE(compare_internal_keys(entries[i].first, between) <= 0);
            REQUIRE(compare_internal_keys(between, entries[i + 1].first) < 0);
            REQUIRE(user_key_of(between).size() <=
                    std::max(entries[i].first.size(), entries[i + 1].first.size()));
        }
    }
}

TEST_CASE("index: finds the first block whose separator is not smaller") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 30; ++round) {
        const EntryList separators = random_entries(random, 1 + random.below(200));
        const uint32_t version = kVersions[random.below(2)];
        Index index;
        REQUIRE(index.load(index_content(separators, version), version, separators.size() * 109)
                    .is_ok());
        const IndexView& view = index.view();
        REQUIRE(index.blocks() == separators.size());
        REQUIRE(view.blocks() == separators.size());
        for (size_t i = 0; i < separators.size(); ++i) {
            REQUIRE(view.separator(i) == separators[i].first);
            REQUIRE(view.handle(i).offset == i * 109);
        }
        for (int i = 0; i < 200; ++i) {
            const std::string key = random_key(random);
            const uint64_t trailer = pack_trailer(random.below(300), Kind::kPut);
            std::string target;
            append_internal_key(target, key, trailer);
            REQUIRE(view.find(key, trailer) == entry_at_or_after(separators, target));
        }
    }
}

TEST_CASE("index: separators with a long common beginning are found, and keys beside it") {
    EntryList separators;
    for (int i = 100; i < 900; i += 7)
        separators.emplace_back(
            make_internal_key("a common beginning/" + std::to_string(i), 1, Kind::kPut), "");
    Index index;
    REQUIRE(index.load(index_content(separators, 2), 2, separators.size() * 109).is_ok());
    const auto check = [&](const std::string& key) {
        const std::string target = make_internal_key(key, 1, Kind::kPut);
        CAPTURE(key);
        CHECK(index.view().find(key, trailer_of(target)) == entry_at_or_after(separators, target));
    };
    for (int i = 90; i < 1000; ++i) check("a common beginning/" + std::to_string(i));
    for (const char* key : {"", "a", "a common beginning/", "a common beginning0", "a d", "b"})
        check(key);
}

TEST_CASE("index: one that does not cover the data exactly is refused") {
    const EntryList two = {{make_internal_key("a", 1, Kind::kPut), ""},
                           {make_internal_key("b", 1, Kind::kPut), ""}};
    for (const uint32_t version : kVersions) {
        CAPTURE(version);
        const auto load = [&](const std::string& content, uint64_t data_end) {
            return Index().load(content, version, data_end);
        };
        CHECK(load(index_content(two, version), 218).is_ok());
        CHECK(load(index_content(two, version), 217).is(Code::kCorruption));
        CHECK(load(index_content(two, version), 219).is(Code::kCorruption));
        CHECK(load(index_content({two[1], two[0]}, version), 218).is(Code::kCorruption));
        CHECK(load("", 0).is(Code::kCorruption));
        BlockBuilder builder(1);
        builder.add(two[0].first, entry_of(version, 0, UINT64_MAX - 4));
        CHECK(load(std::string(builder.finish()), 109).is(Code::kCorruption));
        builder.reset();
        builder.add(two[0].first, "");
        CHECK(load(std::string(builder.finish()), 109).is(Code::kCorruption));
    }
    BlockBuilder builder(1);
    builder.add(two[0].first, entry_of(1, 5, 100));  // begins at 5, not at 0
    CHECK(Index().load(std::string(builder.finish()), 1, 114).is(Code::kCorruption));
}

TEST_CASE("index: partitions that do not cover the table exactly are refused") {
    const std::string a = make_internal_key("a", 1, Kind::kPut);
    const std::string b = make_internal_key("b", 1, Kind::kPut);
    struct Part {
        uint64_t size, data_bytes, blocks;
    };
    const auto load = [&](const Part& first, const Part& second) {
        BlockBuilder builder(1);
        std::string value;
        append_partition_entry(value, first.size, first.data_bytes, first.blocks);
        builder.add(a, value);
        value.clear();
        append_partition_entry(value, second.size, second.data_bytes, second.blocks);
        builder.add(b, value);
        Index index;
        const Status status =
            index.load_partitioned(std::string(builder.finish()), 500, 500 + 59 + 69, 500);
        if (status.is_ok()) {
            CHECK(index.is_partitioned());
            CHECK(index.blocks() == first.blocks + second.blocks);
            CHECK(index.span(1).data_begin == first.data_bytes);
        }
        return status;
    };
    CHECK(load({50, 200, 2}, {60, 300, 3}).is_ok());
    CHECK(load({50, 200, 2}, {60, 301, 3}).is(Code::kCorruption));
    CHECK(load({50, 200, 2}, {60, 299, 3}).is(Code::kCorruption));
    CHECK(load({50, 200, 2}, {61, 300, 3}).is(Code::kCorruption));
    CHECK(load({50, 200, 2}, {59, 300, 3}).is(Code::kCorruption));
    CHECK(load({50, 200, 0}, {60, 300, 3}).is(Code::kCorruption));
    CHECK(load({50, 200, UINT64_MAX}, {60, 300, 3}).is(Code::kCorruption));
    CHECK(load({50, 0, 2}, {60, 500, 3}).is(Code::kCorruption));
    CHECK(load({UINT64_MAX - 8, 200, 2}, {60, 300, 3}).is(Code::kCorruption));
    CHECK(load({50, UINT64_MAX, 2}, {60, 300, 3}).is(Code::kCorruption));
    CHECK(Index().load_partitioned("", 0, 0, 0).is(Code::kCorruption));
}
