// Padded blocks: a table without a codec lets its data blocks end with pages where a little padding
// is enough, and gives the same answers.
// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "sstable/codec.h"
#include "sstable/index_cursor.h"
#include "sstable/table_fixture.h"

using namespace kv;
using namespace kv::test;
using namespace kv::sstable;

namespace {

constexpr uint64_t kPage = 4096;

std::vector<BlockHandle> data_blocks(const TableReader& table) {
    std::vector<BlockHandle> blocks;
    IndexCursor cursor(table);
    REQUIRE(cursor.seek_to_first({}).is_ok());
    while (cursor.valid()) {
        blocks.push_back(cursor.handle());
        REQUIRE(cursor.next({}).is_ok());
    }
    return blocks;
}

bool says_padded(const TableReader& table) {
    return (table.footer().flags & kPaddedBlocksFlag) != 0;
}

/// What blocks of such a table take beside contents and trailers, as a part of the contents.
double padded_part(const TableProperties& built) {
    const uint64_t plain = built.content_bytes + built.data_blocks * kBlockTrailerBytes;
    return static_cast<double>(built.data_bytes - plain) / static_cast<double>(plain);
}

EntryList entries_with_values(Random& random, size_t count, size_t least, size_t most) {
    EntryList entries = numbered_entries(count);
    for (auto& entry : entries)
        entry.second = random_bytes(random, least + random.below(most - least + 1));
    return entries;
}

}  // namespace

TEST_CASE("padding: a padded block gives its content back") {
    Random random(3);
    std::string stored;
    for (size_t padding = 1; padding <= kMostPaddingBytes; ++padding) {
        const std::string content = random_bytes(random, 1 + random.below(300));
        pad_content(content, padding, stored);
        REQUIRE(stored.size() == content.size() + padding);
        size_t size = 0;
        REQUIRE(content_size(Codec::kPadded, stored, size) == nullptr);
        REQUIRE(size == content.size());
        std::string unpacked(size, '?');
        REQUIRE(decompress(Codec::kPadded, stored, unpacked.data(), size) == nullptr);
        REQUIRE(unpacked == content);
    }
}

TEST_CASE("padding: a count that leaves no content, or of nothing, is refused") {
    size_t size = 0;
    for (const std::string& stored : {std::string(), std::string("\x01"), std::string("ab\x03"),
                                      std::string("ab\xFF"), std::string("ab\0", 3)})
        CHECK(content_size(Codec::kPadded, stored, size) != nullptr);
    CHECK(content_size(Codec::kPadded, "ab\x02", size) == nullptr);
    CHECK(size == 1);
}

TEST_CASE("padding: blocks of small entries end with pages") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (const uint32_t block_size : {4096U, 5000U, 16'384U}) {
        CAPTURE(block_size);
        TableFixture f;
        TableOptions options;
        options.block_size_bytes = block_size;
        const TableProperties built = f.build(entries_with_values(random, 3000, 0, 200), options);
        const auto table = f.open();
        CHECK(says_padded(*table));
        const auto blocks = data_blocks(*table);
        REQUIRE(blocks.size() > 10);
        for (size_t i = 0; i + 1 < blocks.size(); ++i) CHECK(blocks[i].end() % kPage == 0);
        CHECK(padded_part(built) < 0.04);
        CHECK(table->verify().to_string() == "ok");
    }
}

TEST_CASE("padding: entries that would leave large gaps are not padded for") {
    Random random(5);
    TableFixture f;
    // Three to a page, and a fourth of it left.
    const TableProperties built = f.build(entries_with_values(random, 400, 1000, 1000));
    CHECK(padded_part(built) < 0.02);
    CHECK(built.content_bytes / built.data_blocks > kPage * 9 / 10);
    CHECK(f.open()->verify().to_string() == "ok");
}

TEST_CASE("padding: after an entry of many pages blocks end with pages again") {
    Random random(6);
    TableFixture f;
    EntryList entries = entries_with_values(random, 600, 50, 100);
    entries[200].second = random_bytes(random, 50'001);
    f.build(entries);
    const auto table = f.open();
    const auto blocks = data_blocks(*table);
    size_t apart = 0;
    for (size_t i = 0; i + 1 < blocks.size(); ++i) apart += blocks[i].end() % kPage != 0;
    CHECK(apart <= 1);
    for (const auto& entry : entries)
        require_get(*table, entries, user_key_of(entry.first), kMaxSeqno);
}

TEST_CASE("padding: small blocks and compressed ones lie end to end as they are") {
    Random random(7);
    const EntryList entries = entries_with_values(random, 500, 0, 100);
    for (const auto& [block_size, codec] :
         {std::pair{512U, Codec::kNone}, {4095U, Codec::kNone}, {4096U, Codec::kLz4}}) {
        TableFixture f;
        TableOptions options;
        options.block_size_bytes = block_size;
        options.codec = codec;
        f.build(entries, options);
        CHECK_FALSE(says_padded(*f.open()));
    }
}

TEST_CASE("padding: tables with padded blocks agree with a sorted array") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 6; ++round) {
        CAPTURE(round);
        TableFixture f;
        f.cache.set_capacity(round % 2 == 0 ? 1 << 20 : 0);
        TableOptions options;
        options.block_size_bytes = static_cast<uint32_t>(kPage + random.below(2 * kPage));
        const EntryList entries = random_entries(random, 2000, 1 + random.below(300));
        f.build(entries, options);
        const auto table = f.open();
        REQUIRE(says_padded(*table));
        REQUIRE(table->verify().to_string() == "ok");
        const ReadMode modes[] = {{}, {false, false, 0}, {false, false, 20'000}};
        for (const ReadMode& mode : modes)
            walk_randomly(*table->new_iterator(mode), entries, random, 300);
        for (const auto& entry : entries)
            require_get(*table, entries, user_key_of(entry.first),
                        trailer_seqno(trailer_of(entry.first)));
    }
}

TEST_CASE("padding: every flipped bit of it is noticed") {
    TableFixture f;
    f.build(numbered_entries(400));
    const std::string sound = f.file();
    BlockHandle first;
    size_t padding = 0;
    {
        const auto table = f.open();
        REQUIRE(says_padded(*table));
        first = data_blocks(*table).at(0);
        padding = static_cast<uint8_t>(sound[first.offset + first.size - 1]);
        REQUIRE(sound[first.offset + first.size] == static_cast<char>(Codec::kPadded));
        REQUIRE(padding > 1);
    }
    for (size_t i = 1; i <= padding; ++i) {
        std::string damaged = sound;
        damaged[first.offset + first.size - i] ^= static_cast<char>(1 << i % 8);
        f.fs.write_file(f.path, damaged);
        f.cache.erase_file(TableFixture::kFileNumber);
        const auto table = f.open();
        TableGet got;
        CHECK(get(*table, "key000000", kMaxSeqno, got).is(Code::kCorruption));
        CHECK(table->verify().is(Code::kCorruption));
    }
}

TEST_CASE("padding: the full check notices a footer that denies it") {
    TableFixture f;
    f.build(numbered_entries(400));
    std::string bytes = f.file();
    const uint64_t at = bytes.size() - kFooterBytes;
    auto footer = parse_footer(Bytes(bytes).substr(at), at);
    REQUIRE(footer.is_ok());
    footer->flags &= ~kPaddedBlocksFlag;
    bytes.resize(at);
    append_footer(bytes, *footer, at);
    f.fs.write_file(f.path, bytes);
    const Status status = f.open()->verify();
    CHECK(status.is(Code::kCorruption));
    CHECK_THAT(std::string(status.message()), Catch::Contains("is padded"));
}
