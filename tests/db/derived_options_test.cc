// How tables are written, level by level: which codec, how many filter bits.
// SPDX-License-Identifier: Apache-2.0
#include "db/derived_options.h"

#include <catch2/catch.hpp>

#include "compaction/version_text.h"

using namespace kv;
using namespace kv::db;

namespace {

/// The base level's target is at most 100 bytes.
Options small_levels(Compression compression) {
    Options options;
    options.level1_bytes = 100;
    options.compression = compression;
    return options;
}

/// What `text` is of a table that is written to each of `levels`: "0:none 6:lz4".
template <class Text>
std::string by_level(const Options& options, const std::string& version,
                     const std::vector<int>& levels, Text text) {
    std::string all;
    for (const int level : levels) {
        const TableOptions table =
            table_options(options, TableReason::kCompaction, test::parse_version(version), level);
        all.append(all.empty() ? "" : " ").append(std::to_string(level)).append(":");
        all.append(text(table));
    }
    return all;
}

std::string codecs(Compression compression, const std::string& version,
                   const std::vector<int>& levels) {
    return by_level(small_levels(compression), version, levels,
                    [](const TableOptions& table) { return std::string(codec_name(table.codec)); });
}

std::string filter_bits(uint32_t bits_per_key, const std::string& version,
                        const std::vector<int>& levels) {
    Options options = small_levels(Compression::kNone);
    options.bloom_bits_per_key = bits_per_key;
    return by_level(options, version, levels, [](const TableOptions& table) {
        return std::to_string(table.bloom_bits_per_key);
    });
}

constexpr const char* kThreeLevels = "4: 1[a-z]90\n5: 2[a-z]900\n6: 3[a-z]9000";

}  // namespace

TEST_CASE("table options: level 0 and the level below it are plain, the others compressed") {
    CHECK(codecs(Compression::kLz4, kThreeLevels, {0, 4, 5, 6}) == "0:none 4:none 5:lz4 6:lz4");
    CHECK(codecs(Compression::kZstd, kThreeLevels, {0, 4, 5, 6}) == "0:none 4:none 5:lz4 6:zstd");
    CHECK(codecs(Compression::kNone, kThreeLevels, {0, 4, 5, 6}) == "0:none 4:none 5:none 6:none");
}

TEST_CASE("table options: where level 0 is merged into the last level, that is compressed") {
    for (const char* version : {"", "0: 1[a-z]50", "0: 2[a-z]50\n6: 1[a-z]90"}) {
        CAPTURE(version);
        CHECK(codecs(Compression::kLz4, version, {0, 6}) == "0:none 6:lz4");
        CHECK(codecs(Compression::kZstd, version, {0, 6}) == "0:none 6:zstd");
    }
}

TEST_CASE("table options: the last level is the deepest in use, or the one that comes into use") {
    // As a store from when level 1 came first, or one whose last level was deleted.
    CHECK(codecs(Compression::kZstd, "1: 1[a-z]50", {0, 1, 6}) == "0:none 1:zstd 6:zstd");
    CHECK(codecs(Compression::kZstd, "4: 1[a-z]50\n5: 2[a-z]50", {4, 5, 6}) ==
          "4:none 5:zstd 6:zstd");
}

TEST_CASE("table options: each level above the last gets four filter bits more, up to 20") {
    CHECK(filter_bits(10, kThreeLevels, {0, 4, 5, 6}) == "0:20 4:18 5:14 6:10");
    CHECK(filter_bits(4, kThreeLevels, {0, 4, 5, 6}) == "0:20 4:12 5:8 6:4");
    CHECK(filter_bits(10, "", {0, 6}) == "0:18 6:10");
    CHECK(filter_bits(2, "6: 1[a-z]500", {0, 5, 6}) == "0:14 5:6 6:2");
}

TEST_CASE("table options: more than 20 filter bits are what was asked for, 0 is none anywhere") {
    CHECK(filter_bits(24, kThreeLevels, {0, 4, 5, 6}) == "0:24 4:24 5:24 6:24");
    CHECK(filter_bits(0, kThreeLevels, {0, 4, 5, 6}) == "0:0 4:0 5:0 6:0");
}

TEST_CASE("table options: filters take under 5 % more where each level is a tenth of the next") {
    const std::string version = "3: 1[a-z]90\n4: 2[a-z]900\n5: 3[a-z]9000\n6: 4[a-z]90000";
    const Options options = small_levels(Compression::kLz4);
    double bits = 0, keys = 0, here = 90000;
    for (int level = 6; level >= 3; --level, here /= 10) {
        bits += here * table_options(options, TableReason::kCompaction,
                                     test::parse_version(version), level)
                           .bloom_bits_per_key;
        keys += here;
    }
    CHECK(bits / keys > options.bloom_bits_per_key);
    CHECK(bits / keys < 1.05 * options.bloom_bits_per_key);
}
