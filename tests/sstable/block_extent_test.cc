// Where a block ends, told from its content alone: exactly there, whatever follows, and nowhere
// when it is cut short.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/block_extent.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/hash.h"
#include "base/random.h"
#include "sstable/block_builder.h"
#include "sstable/properties.h"
#include "sstable/table_format.h"
#include "support/seed.h"

namespace kv::sstable {
namespace {

std::string some_content(BlockForm form, int entries, size_t value_bytes) {
    BlockBuilder builder(16, form);
    for (int i = 0; i < entries; ++i) {
        const std::string key = "key" + std::to_string(100'000 + i);
        builder.add(make_internal_key(key, 5, Kind::kPut),
                    std::string(value_bytes, static_cast<char>('a' + i % 7)), tag_of(hash64(key)));
    }
    return std::string(builder.finish());
}

/// `stored` as a block, and what may follow.
std::string file_of(Bytes stored, Codec codec, Bytes rest) {
    std::string file(stored);
    append_block_trailer(file, codec, block_checksum(stored, codec, 1, 0));
    return file.append(rest);
}

BlockEnds ends_of(Bytes file) {
    BlockEnds ends;
    find_tagged_ends(file, ends);
    find_compressed_ends(file, ends);
    find_properties_ends(file, ends);
    PlainBlocks(file).find_ends(0, file.size(), ends);
    return ends;
}

/// The block's end is among the candidates, which are few; and without its last byte none is.
void check_found(Bytes stored, Codec codec) {
    Random random(3);
    for (const std::string& rest : {std::string(), std::string(100, '\0'),
                                    test::random_bytes(random, 300), std::string(stored)}) {
        const std::string file = file_of(stored, codec, rest);
        CHECK(may_begin_block(file.data()));
        const BlockEnds ends = ends_of(file);
        CHECK(ends.count <= 2);
        CHECK(std::any_of(ends.begin(), ends.end(), [&](const BlockEnds::End& end) {
            return end.size == stored.size() && end.codec == codec;
        }));
    }
    const std::string file = file_of(stored, codec, "");
    for (const BlockEnds::End& end : ends_of(Bytes(file).substr(0, file.size() - 1)))
        CHECK(end.size < stored.size());
}

}  // namespace

TEST_CASE("block extent: a tagged block ends behind its last entry") {
    for (const int entries : {1, 2, 16, 17, 500}) {
        for (const size_t value_bytes : {0, 1, 200, 70'000}) {
            CAPTURE(entries, value_bytes);
            check_found(some_content(BlockForm::kTagged, entries, value_bytes), Codec::kNone);
        }
    }
}

TEST_CASE("block extent: padding is counted to the block") {
    const std::string content = some_content(BlockForm::kTagged, 20, 10);
    for (const size_t padding : {size_t{1}, size_t{2}, size_t{100}, kMostPaddingBytes}) {
        CAPTURE(padding);
        std::string stored;
        pad_content(content, padding, stored);
        check_found(stored, Codec::kPadded);
    }
}

TEST_CASE("block extent: a compressed block ends where its content is complete") {
    for (const Codec codec : {Codec::kLz4, Codec::kZstd}) {
        for (const int entries : {1, 40, 3000}) {
            for (const size_t value_bytes : {100, 400, 5000}) {
                CAPTURE(codec_name(codec), entries, value_bytes);
                std::string stored;
                BlockCompressor compressor(codec);
                REQUIRE(compressor.compress(some_content(BlockForm::kTagged, entries, value_bytes),
                                            stored) == codec);
                check_found(stored, codec);
            }
        }
    }
}

TEST_CASE("block extent: a plain block ends behind the number of its restart points") {
    for (const int entries : {1, 16, 17, 500}) {
        for (const size_t value_bytes : {0, 3, 200, 70'000}) {
            CAPTURE(entries, value_bytes);
            check_found(some_content(BlockForm::kPlain, entries, value_bytes), Codec::kNone);
        }
    }
}

TEST_CASE("block extent: of plain entries, none but the first of a block leads to its end") {
    const std::string content = some_content(BlockForm::kPlain, 500, 20);
    const std::string file = file_of(content, Codec::kNone, "");
    PlainBlocks plain(file);
    uint64_t steps = 0;
    size_t found = 0;
    for (size_t offset = 1; offset < content.size(); ++offset) {
        BlockEnds ends;
        plain.find_ends(offset, file.size(), ends);
        found += ends.count;
        steps += ends.steps;
    }
    CHECK(found <= 1);          // one that the checksum refuses
    CHECK(steps < 20U * 500U);  // and not the square of their number
    BlockEnds ends;
    plain.find_ends(0, file.size(), ends);
    REQUIRE(ends.count == 1);
    CHECK(ends.ends[0].size == content.size());
}

TEST_CASE("block extent: properties end behind their last field") {
    TableProperties properties;
    properties.entries = 1'000'000;
    properties.smallest = make_internal_key("a", 9, Kind::kPut);
    properties.largest = make_internal_key(std::string(60'000, 'b'), 8, Kind::kPut);
    check_found(encode_properties(properties), Codec::kNone);
}

}  // namespace kv::sstable
