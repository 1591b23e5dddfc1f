// Codecs and filter bits of a store's tables, as its tables on disk tell them.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>

#include "base/random.h"
#include "db/db_fixture.h"
#include "record/file_names.h"
#include "sstable/table_reader.h"
#include "version/manifest.h"

using namespace kv;
using namespace kv::test;

namespace {

class Compressed : public DbFixture {
  public:
    Compressed() { options_.level1_bytes = 32U << 10; }

    /// Overwrites `count` of 3000 keys, half of whose values no codec shrinks. The last key is
    /// always among them, so that no table lies beyond all of the next level and is moved there.
    void overwrite(int count) {
        for (int i = 0; i < count; ++i) {
            const std::string key = "key" + std::to_string(i == 0 ? 999 : random_.below(3000));
            std::string value(100, 'v');
            for (size_t at = 0; at < 50; ++at) value[at] = static_cast<char>(random_.below(256));
            REQUIRE(put(key, value, Durability::kMemory).status.is_ok());
            model_[key] = std::move(value);
        }
        REQUIRE(db().sync().is_ok());
    }
    void check_contents() {
        size_t entries = 0;
        const auto it = db().new_iterator();
        for (it->seek_to_first(); it->valid(); it->next(), ++entries) {
            REQUIRE(model_.at(std::string(it->key())) == it->value());
        }
        REQUIRE(it->status().is_ok());
        CHECK(entries == model_.size());
        for (const auto& [key, value] : model_) REQUIRE(get(key) == value);
        CHECK(get("key") == "-");
    }
    /// Every table of a level, opened; the store is closed for it.
    std::vector<std::shared_ptr<TableReader>> tables(int level) {
        close();
        const auto manifest = Manifest::open(*disk_, "db", true);
        REQUIRE(manifest.is_ok());
        std::vector<std::shared_ptr<TableReader>> all;
        for (const FileMetaPtr& file : (*manifest)->current()->files(level)) {
            auto table = TableReader::open(*disk_, "db/" + table_file_name(file->number),
                                           file->number, nullptr);
            REQUIRE(table.status().to_string() == "ok");
            all.push_back(*table);
        }
        return all;
    }
    /// The tables of a level, of which there are some, have this codec and so many filter bits.
    void check_level(int level, Codec codec, uint32_t filter_bits) {
        const auto all = tables(level);
        CAPTURE(level);
        CHECK_FALSE(all.empty());
        for (const auto& table : all) {
            const TableProperties& p = table->properties();
            CHECK(codec_name(p.codec) == codec_name(codec));
            CHECK((p.data_bytes < p.content_bytes) == (codec != Codec::kNone));
            // Filters are whole lines of 512 bits.
            const uint64_t lines = (p.entries * filter_bits + 511) / 512;
            CHECK(table->filter().memory_bytes() == lines * 64);
        }
    }

  private:
    Random random_{7};
    std::map<std::string, std::string> model_;
};

Codec last_level_codec(Compression compression) {
    if (compression == Compression::kNone) return Codec::kNone;
    return compression == Compression::kLz4 ? Codec::kLz4 : Codec::kZstd;
}

constexpr Compression kAll[] = {Compression::kNone, Compression::kLz4, Compression::kZstd};

}  // namespace

TEST_CASE_METHOD(Compressed,
                 "compression: level 0 and the level below are plain, the last is not") {
    for (const Compression compression : kAll) {
        CAPTURE(compression_name(compression));
        close();
        options_.compression = compression;
        overwrite(6000);
        REQUIRE(db().compact_all().is_ok());
        check_level(6, last_level_codec(compression), 10);
        // Four tables of level 0 make a merge, into level 5 now that level 6 is large.
        for (int table = 0; table < 4; ++table) {
            overwrite(40);
            REQUIRE(db().flush().is_ok());
        }
        executor_.run_until_idle();
        overwrite(40);
        REQUIRE(db().flush().is_ok());
        check_level(0, Codec::kNone, 20);
        check_level(5, Codec::kNone, 14);
        check_level(6, last_level_codec(compression), 10);
        check_contents();
    }
}

TEST_CASE_METHOD(Compressed, "compression: a store that is one level is compressed") {
    options_.level1_bytes = 1U << 30;
    overwrite(3000);
    REQUIRE(db().flush().is_ok());
    executor_.run_until_idle();
    REQUIRE(db().compact_all().is_ok());
    CHECK(tables(5).empty());
    check_level(6, Codec::kLz4, 10);
    check_contents();
}

TEST_CASE_METHOD(Compressed,
                 "compression: a changed setting reads old tables, then converts them") {
    for (const Compression from : kAll) {
        for (const Compression to : kAll) {
            CAPTURE(compression_name(from), compression_name(to));
            close();
            options_.compression = from;
            overwrite(3000);
            REQUIRE(db().compact_all().is_ok());
            overwrite(200);
            REQUIRE(db().flush().is_ok());
            check_level(6, last_level_codec(from), 10);
            options_.compression = to;
            check_contents();
            check_level(6, last_level_codec(from), 10);
            REQUIRE(db().compact_all().is_ok());
            check_level(6, last_level_codec(to), 10);
            check_contents();
        }
    }
}

TEST_CASE_METHOD(Compressed, "compression: without filter bits no table has a filter") {
    options_.bloom_bits_per_key = 0;
    overwrite(3000);
    REQUIRE(db().compact_all().is_ok());
    overwrite(40);
    REQUIRE(db().flush().is_ok());
    for (const int level : {0, 6}) {
        for (const auto& table : tables(level)) CHECK(table->filter().empty());
    }
    check_contents();
}

TEST_CASE_METHOD(Compressed, "compression: a table that is moved keeps what it was written with") {
    overwrite(40);
    REQUIRE(db().compact_all().is_ok());
    for (const char* key : {"later a", "later b", "later c", "later d"}) {
        REQUIRE(put(key, "meets nothing below").status.is_ok());
        REQUIRE(db().flush().is_ok());
    }
    executor_.run_until_idle();
    const auto all = tables(6);
    REQUIRE(all.size() == 5);
    CHECK(all.front()->properties().codec == Codec::kLz4);
    for (size_t i = 1; i < all.size(); ++i) {
        CHECK(all[i]->properties().codec == Codec::kNone);
        CHECK(all[i]->properties().reason == TableReason::kFlush);
    }
    REQUIRE(db().compact_all().is_ok());  // rewrites them
    for (const auto& table : tables(6)) CHECK(table->properties().codec == Codec::kLz4);
}
