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

/// An index of blocks of 100 bytes with these separators.
std::string index_content(const EntryList& separators) {
    BlockBuilder builder(4);
    uint64_t offset = 0;
    for (const auto& entry : separators) {
        std::string handle;
        append_handle(handle, {offset, 100});
        builder.add(entry.first, handle);
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
        Index index;
        REQUIRE(index.load(index_content(separators), separators.size() * 109).is_ok());
        REQUIRE(index.blocks() == separators.size());
        for (size_t i = 0; i < separators.size(); ++i)
            REQUIRE(index.separator(i) == separators[i].first);
        for (int i = 0; i < 200; ++i) {
            const std::string key = random_key(random);
            const uint64_t trailer = pack_trailer(random.below(300), Kind::kPut);
            std::string target;
            append_internal_key(target, key, trailer);
            REQUIRE(index.find(key, trailer) == entry_at_or_after(separators, target));
        }
    }
}

TEST_CASE("index: one that does not cover the data exactly is refused") {
    const EntryList two = {{make_internal_key("a", 1, Kind::kPut), ""},
                           {make_internal_key("b", 1, Kind::kPut), ""}};
    const auto load = [](const std::string& content, uint64_t data_end) {
        return Index().load(content, data_end);
    };
    CHECK(load(index_content(two), 218).is_ok());
    CHECK(load(index_content(two), 217).is(Code::kCorruption));
    CHECK(load(index_content(two), 219).is(Code::kCorruption));
    CHECK(load(index_content({two[1], two[0]}), 218).is(Code::kCorruption));
    CHECK(load("", 0).is(Code::kCorruption));
    BlockBuilder builder(1);
    builder.add(two[0].first, "\x05\x64");  // begins at 5, not at 0
    CHECK(load(std::string(builder.finish()), 114).is(Code::kCorruption));
    builder.reset();
    std::string huge;
    append_handle(huge, {0, UINT64_MAX - 4});
    builder.add(two[0].first, huge);
    CHECK(load(std::string(builder.finish()), 109).is(Code::kCorruption));
}
