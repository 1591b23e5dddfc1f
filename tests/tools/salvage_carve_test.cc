// Tables whose footer or index is lost, with damage among the blocks besides: every entry of every
// block that is whole comes back, and the losses are the damaged blocks alone.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <functional>

#include "base/coding.h"
#include "base/random.h"
#include "sstable/block_builder.h"
#include "sstable/index_cursor.h"
#include "sstable/table_fixture.h"
#include "support/seed.h"
#include "tools/salvage.h"

namespace kv {
namespace {

using sstable::BlockHandle;
using sstable::kBlockTrailerBytes;
using sstable::kFooterBytes;
using test::EntryList;

/// Words, so that codecs find something, between bytes that they do not.
std::string some_value(Random& random, size_t bytes) {
    std::string value;
    while (value.size() < bytes) {
        if (random.one_in(4))
            value += test::random_bytes(random, 1 + random.below(40));
        else
            value +=
                "word" + std::to_string(random.below(100)) + std::string(random.below(30), ' ');
    }
    value.resize(bytes);
    return value;
}

/// A table of small values with one of several MiB among them.
EntryList mixed_entries(Random& random) {
    EntryList entries;
    for (int i = 0; i < 6000; ++i) {
        const size_t bytes = i == 3500 ? 5U << 20 : 20 + random.below(600);
        entries.emplace_back(make_internal_key("key" + std::to_string(100'000 + i), 7, Kind::kPut),
                             some_value(random, bytes));
    }
    return entries;
}

struct Range {
    uint64_t begin, end;
    bool operator==(const Range&) const = default;
    bool meets(const Range& other) const { return begin < other.end && other.begin < end; }
};
std::ostream& operator<<(std::ostream& out, const Range& range) {
    return out << range.begin << "-" << range.end;
}

/// In order, those that touch as one.
std::vector<Range> joined(const std::vector<Range>& ranges) {
    std::vector<Range> all;
    for (const Range& range : ranges) {
        if (!all.empty() && all.back().end == range.begin)
            all.back().end = range.end;
        else
            all.push_back(range);
    }
    return all;
}

class CarvedTables : public test::TableFixture {
  public:
    CarvedTables() { REQUIRE(fs.create_dir("out").is_ok()); }

    void write(const EntryList& entries, const TableOptions& options) {
        build(entries, options);
        bytes_ = file();
        const auto table = open();
        footer_ = *sstable::parse_footer(Bytes(bytes_).substr(bytes_.size() - kFooterBytes),
                                         bytes_.size() - kFooterBytes);
        data_end_ = table->properties().data_bytes;
        ReadMode mode;
        IndexCursor cursor(*table);
        size_t first = 0;
        REQUIRE(cursor.seek_to_first(mode).is_ok());
        while (cursor.valid()) {
            size_t end = first;
            while (end < entries.size() &&
                   compare_internal_keys(entries[end].first, cursor.separator()) <= 0)
                ++end;
            blocks_.push_back({cursor.handle().offset, cursor.handle().end()});
            entries_of_.emplace_back(entries.begin() + static_cast<ptrdiff_t>(first),
                                     entries.begin() + static_cast<ptrdiff_t>(end));
            first = end;
            if (!cursor.next(mode).is_ok()) FAIL("the index of a sound table");
        }
        REQUIRE(first == entries.size());
    }

    void damage(Range where, const std::function<char(char)>& how) {
        for (uint64_t at = where.begin; at < where.end; ++at) bytes_[at] = how(bytes_[at]);
        damaged_.push_back(where);
    }
    void flip(uint64_t at) {
        damage({at, at + 1}, [](char c) { return static_cast<char>(c ^ 1); });
    }
    Range block_at(uint64_t offset) const {
        for (const Range& block : blocks_)
            if (block.begin <= offset && offset < block.end) return block;
        FAIL("no block");
        return {};
    }

    void restore(const std::string& sound) {
        bytes_ = sound;
        damaged_.clear();
        lost_behind_.clear();
    }

    void check() {
        EntryList expected;
        std::vector<Range> lost;
        for (size_t i = 0; i < blocks_.size(); ++i) {
            const bool hit = std::any_of(damaged_.begin(), damaged_.end(), [&](const Range& range) {
                return range.meets(blocks_[i]);
            });
            if (hit)
                lost.push_back(blocks_[i]);
            else
                expected.insert(expected.end(), entries_of_[i].begin(), entries_of_[i].end());
        }
        lost.insert(lost.end(), lost_behind_.begin(), lost_behind_.end());
        fs.write_file(path, bytes_);
        const auto salvaged = tools::salvage_table(fs, "db", "out", kFileNumber, nullptr);
        REQUIRE(salvaged.is_ok());
        std::vector<Range> named;
        for (const tools::Loss& loss : salvaged->losses)
            if (loss.bytes != 0) named.push_back({loss.offset, loss.offset + loss.bytes});
        CHECK(joined(named) == joined(lost));
        const auto table = TableReader::open(fs, "out/000007.sst", kFileNumber, nullptr);
        REQUIRE(table.status().to_string() == "ok");
        EntryList found;
        const auto it = (*table)->new_iterator();
        for (it->seek_to_first(); it->valid(); it->next())
            found.emplace_back(it->key(), it->value());
        CHECK(it->status().is_ok());
        CHECK(found.size() == expected.size());
        CHECK((found == expected));
        REQUIRE(fs.remove("out/000007.sst").is_ok());
    }

    std::string bytes_;
    sstable::Footer footer_;
    uint64_t data_end_ = 0;
    std::vector<Range> blocks_;
    std::vector<EntryList> entries_of_;
    std::vector<Range> damaged_;
    std::vector<Range> lost_behind_;  // the data, where nothing tells that it ends
};

/// The ways in which the end of a table may be lost.
enum class Tail : uint8_t { kFooter, kFooterAndProperties, kIndex, kAllOfIt };

void lose_tail(CarvedTables& table, Tail tail) {
    std::string& bytes = table.bytes_;
    const auto flip = [&](uint64_t at) { bytes[at] = static_cast<char>(bytes[at] ^ 1); };
    if (tail == Tail::kAllOfIt) return bytes.resize(table.data_end_);
    flip(tail == Tail::kIndex ? table.footer_.index.offset + 5 : bytes.size() - 20);
    if (tail != Tail::kFooterAndProperties) return;
    const BlockHandle& properties = table.footer_.properties;
    flip(properties.offset + 3);
    if (properties.offset == table.data_end_)
        table.lost_behind_.push_back({properties.offset, properties.end()});
}

}  // namespace

TEST_CASE("carving: what is whole comes back, whatever the block size, the codec and the damage") {
    const auto codec = GENERATE(Codec::kNone, Codec::kLz4, Codec::kZstd);
    constexpr std::array<uint32_t, 4> kBlockSizes = {512, 4096, 64U << 10, 256U << 10};
    const auto size_index = GENERATE(range(size_t{0}, size_t{4}));
    const uint32_t block_size = kBlockSizes[size_index];
    Random random(11);
    CarvedTables table;
    TableOptions options;
    options.codec = codec;
    options.block_size_bytes = block_size;
    table.write(mixed_entries(random), options);
    const Range large = *std::max_element(
        table.blocks_.begin(), table.blocks_.end(),
        [](const Range& a, const Range& b) { return a.end - a.begin < b.end - b.begin; });
    const auto noise = [&](char) { return static_cast<char>(random.next()); };
    const auto zero = [](char) { return '\0'; };
    const uint64_t middle = table.blocks_[table.blocks_.size() / 3].begin;
    const std::string sound = table.bytes_;
    for (size_t where = 0; where < 8; ++where) {
        table.restore(sound);
        // Each with each would take long: over the block sizes, every damage meets every tail.
        constexpr std::array<Tail, 3> kTails = {Tail::kAllOfIt, Tail::kFooter,
                                                Tail::kFooterAndProperties};
        const Tail tail = kTails[(where + size_index) % kTails.size()];
        lose_tail(table, tail);
        CAPTURE(codec_name(codec), block_size, static_cast<int>(tail), where);
        switch (where) {
            case 0:
                break;
            case 1:
                table.flip(0);
                break;
            case 2:
                table.flip((middle + table.block_at(middle).end) / 2);
                table.flip(large.end + 1);
                break;
            case 3:  // behind it lies a block of several MiB
                table.flip(large.begin - 1);
                break;
            case 4:
                table.flip(large.begin + (1U << 20));
                break;
            case 5:
                table.damage({middle, middle + (200U << 10)}, noise);
                break;
            case 6:
                table.damage({middle, middle + (200U << 10)}, zero);
                break;
            default:
                table.damage({0, large.end - 100}, noise);
        }
        table.check();
    }
}

TEST_CASE("carving: damage in the last block is no loss of what follows the data") {
    const auto codec = GENERATE(Codec::kNone, Codec::kLz4, Codec::kZstd);
    Random random(12);
    CarvedTables table;
    TableOptions options;
    options.codec = codec;
    options.block_size_bytes = 64U << 10;
    table.write(mixed_entries(random), options);
    lose_tail(table, GENERATE(Tail::kFooter, Tail::kIndex, Tail::kAllOfIt));
    table.flip(table.data_end_ - 2000);
    table.check();
}

TEST_CASE("carving: a filter and an index in parts are not taken for lost data") {
    Random random(13);
    CarvedTables table;
    TableOptions options;
    options.block_size_bytes = GENERATE(512U, 64U << 10);
    options.partition_threshold_bytes = 1024;
    options.bloom_bits_per_key = GENERATE(0U, 10U);
    table.write(mixed_entries(random), options);
    lose_tail(table, GENERATE(Tail::kFooter, Tail::kFooterAndProperties));
    table.flip(table.blocks_[1].begin + 3);
    table.check();
}

TEST_CASE("carving: many damaged blocks cost themselves alone") {
    const uint64_t seed = test::test_seed();
    Random random(seed);
    CarvedTables table;
    TableOptions options;
    options.codec = GENERATE(Codec::kNone, Codec::kLz4, Codec::kZstd);
    options.block_size_bytes = 1U << (9 + random.below(10));
    CAPTURE(seed, codec_name(options.codec), options.block_size_bytes);
    table.write(mixed_entries(random), options);
    lose_tail(table, Tail::kFooter);
    for (int i = 0; i < 30; ++i) table.flip(random.below(table.data_end_));
    table.check();
}

TEST_CASE("carving: range deletes come back without a footer, or are named as lost") {
    test::TableFixture table;
    REQUIRE(table.fs.create_dir("out").is_ok());
    TableOptions options;
    options.partition_threshold_bytes = GENERATE(64U, 256U << 10);
    const EntryList entries = test::numbered_entries(500);
    const std::vector<RangeTombstone> deletes = {{"a", "c", 9}, {"key000005", "key000007", 3000}};
    table.build(entries, options, deletes);
    std::string bytes = table.file();
    const size_t footer_at = bytes.size() - kFooterBytes;
    const auto footer = sstable::parse_footer(Bytes(bytes).substr(footer_at), footer_at);
    REQUIRE(footer.is_ok());
    bytes[footer_at + 70] ^= 1;
    bool found = false;
    tools::FileImage image;
    SECTION("sound") { found = true; }
    SECTION("damaged") { bytes[footer->properties.offset - 12] ^= 1; }
    SECTION("with the properties, which say that they are there") {
        bytes.resize(bytes.size() / 2);
    }
    image.bytes = bytes;
    const auto carved = tools::carve_table(image, "000007.sst", 7, true);
    CHECK(carved.tombstones.size() == (found ? deletes.size() : 0));
    bool named = false;
    for (const tools::Loss& loss : carved.losses)
        named = named || loss.what.find("range deletes") != std::string::npos;
    CHECK(named != found);
}

TEST_CASE("carving: a value that looks like an index does not make its block one") {
    CarvedTables table;
    EntryList entries;
    for (int i = 0; i < 3; ++i)
        entries.emplace_back(make_internal_key("key" + std::to_string(i), 7, Kind::kPut),
                             std::string("\0\7", 2));
    TableOptions options;
    options.block_size_bytes = 1;
    table.write(entries, options);
    lose_tail(table, Tail::kAllOfIt);
    table.check();
}

TEST_CASE("carving: values that look like blocks hide none") {
    // The beginning of a block with one entry, whose value would end 64 KiB on: one after another.
    const std::string key = make_internal_key("k", 7, Kind::kPut);
    std::string imitation("\1\2\20\0\1\0\0\0", 8);
    imitation.push_back(static_cast<char>(sstable::tag_of(hash64("k"))));
    imitation += std::string("\0\0\0\11\x80\x80\4", 7) + key;
    EntryList entries;
    for (int i = 0; i < 12; ++i) {
        std::string value;
        while (value.size() < (100U << 10)) value += imitation;
        entries.emplace_back(make_internal_key("key" + std::to_string(100 + i), 7, Kind::kPut),
                             value);
    }
    CarvedTables table;
    TableOptions options;
    options.block_size_bytes = 4096;
    table.write(entries, options);
    lose_tail(table, Tail::kAllOfIt);
    table.flip(table.blocks_[0].begin + 20);
    table.flip(table.blocks_[5].begin);
    table.check();
}

TEST_CASE("carving: blocks of the first format are found behind damage") {
    Random random(14);
    tools::FileImage image;
    std::vector<Range> blocks;
    sstable::BlockBuilder builder(16);
    for (int i = 0; i < 4000; ++i) {
        builder.add(make_internal_key("key" + std::to_string(100'000 + i), 7, Kind::kPut),
                    some_value(random, i == 2500 ? 2U << 20 : random.below(300)));
        if (builder.size_bytes() < (100U << 10) && i != 3999) continue;
        const uint64_t at = image.bytes.size();
        const Bytes content = builder.finish();
        image.bytes += content;
        sstable::append_block_trailer(image.bytes, Codec::kNone,
                                      sstable::block_checksum(content, Codec::kNone, 7, at));
        blocks.push_back({at, image.bytes.size()});
        builder.reset();
    }
    const size_t hit = GENERATE(0U, 2U);
    const uint64_t at = blocks[hit].begin + GENERATE(0U, 50'000U);
    image.bytes[at] = static_cast<char>(image.bytes[at] ^ 1);
    const tools::CarvedTable carved = tools::carve_table(image, "000007.sst", 7, false);
    CHECK(carved.blocks.size() == blocks.size() - 1);
    REQUIRE(carved.losses.size() == 1);
    CHECK(carved.losses[0].offset == blocks[hit].begin);
    CHECK(carved.losses[0].bytes == blocks[hit].end - blocks[hit].begin);
}

}  // namespace kv
