// Searches in steps that wait for their parts together: same answers as get, fewer reads, damage
// and errors only where they are.
// SPDX-License-Identifier: Apache-2.0
#include "sstable/part_reads.h"

#include <map>

#include "sstable/index_cursor.h"
#include "sstable/table_fixture.h"
#include "sstable/table_search.h"

using namespace kv;
using namespace kv::test;

namespace {

struct Reads : TableFixture {
    std::shared_ptr<TableReader> open_uncached() {
        auto table = TableReader::open(fs, path, kFileNumber, nullptr);
        REQUIRE(table.status().to_string() == "ok");
        return *table;
    }
    uint64_t file_reads() const {
        uint64_t count = 0;
        for (const Operation& operation : fs.journal()) count += operation.kind == OpKind::kRead;
        return count;
    }
};

/// The data blocks of a table, in order.
std::vector<PartRead> data_blocks(const TableReader& table) {
    std::vector<PartRead> reads;
    IndexCursor cursor(table);
    REQUIRE(cursor.seek_to_first({}).is_ok());
    while (cursor.valid()) {
        reads.push_back({&table, TablePart::data_block(cursor.handle())});
        REQUIRE(cursor.next({}).is_ok());
    }
    return reads;
}

/// Searches for all keys at once: whatever they want next is read in one go.
std::vector<TableGet> search_together(FileSystem& fs, const TableReader& table,
                                      const std::vector<std::string>& keys, Seqno seqno) {
    std::vector<TableGet> found(keys.size());
    std::vector<TableSearch> searches;
    for (size_t i = 0; i < keys.size(); ++i) {
        searches.emplace_back(table, keys[i], hash64(keys[i]), seqno);
        searches.back().begin(found[i]);
    }
    for (;;) {
        std::map<uint64_t, TablePart> wanted;
        for (const TableSearch& search : searches)
            if (search.wants_part()) wanted[search.wanted().handle.offset] = search.wanted();
        if (wanted.empty()) return found;
        std::vector<PartRead> reads;
        for (const auto& [offset, part] : wanted) reads.push_back({&table, part});
        read_parts_together(fs, reads, {});
        std::map<uint64_t, BlockRef> got;
        for (const PartRead& read : reads) {
            REQUIRE(read.got.status().to_string() == "ok");
            got[read.part.handle.offset] = *read.got;
        }
        for (size_t i = 0; i < keys.size(); ++i) {
            if (!searches[i].wants_part()) continue;
            const Status taken =
                searches[i].take(got[searches[i].wanted().handle.offset], found[i]);
            REQUIRE(taken.to_string() == "ok");
        }
    }
}

}  // namespace

TEST_CASE("part reads: searches that wait together find what get finds") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 12; ++round) {
        CAPTURE(round);
        Reads f;
        TableOptions options;
        options.block_size_bytes = 200;
        options.partition_threshold_bytes = round % 3 == 0 ? 1U << 20 : 256;
        options.bloom_bits_per_key = static_cast<uint32_t>(random.below(3) * 8);
        options.codec = round % 2 == 0 ? Codec::kNone : Codec::kLz4;
        const EntryList entries = random_entries(random, 1200 + random.below(900), 60);
        f.build(entries, options);
        const auto table = round % 4 == 0 ? f.open_uncached() : f.open();
        std::vector<std::string> keys;
        for (int i = 0; i < 200; ++i) keys.push_back(random_key(random));
        const Seqno seqno = random.below(2000);
        const auto found = search_together(f.fs, *table, keys, seqno);
        for (size_t i = 0; i < keys.size(); ++i) {
            TableGet expected;
            REQUIRE(get(*table, keys[i], seqno, expected).is_ok());
            REQUIRE(found[i].found == expected.found);
            REQUIRE(found[i].filter_skips == expected.filter_skips);
            if (!expected.found) continue;
            REQUIRE(found[i].seqno == expected.seqno);
            REQUIRE(found[i].kind == expected.kind);
            REQUIRE(found[i].value == expected.value);
        }
    }
}

TEST_CASE("part reads: neighbours in a file are one read, and each goes to the cache") {
    Reads f;
    f.build(numbered_entries(800));
    const auto table = f.open();
    std::vector<PartRead> reads = data_blocks(*table);
    REQUIRE(reads.size() > 4);
    reads.erase(reads.begin() + 2);
    const uint64_t before = f.file_reads();
    read_parts_together(f.fs, reads, {});
    CHECK(f.file_reads() == before + 2);
    for (const PartRead& read : reads) {
        REQUIRE(read.got.is_ok());
        CHECK(table->find_part(read.part).bytes() == read.got->bytes());
        CHECK(table->read_part(read.part, {})->bytes() == read.got->bytes());
    }
    CHECK(f.file_reads() == before + 2);
}

TEST_CASE("part reads: nothing is kept when the cache is not to be filled") {
    Reads f;
    f.build(numbered_entries(800));
    const auto table = f.open();
    std::vector<PartRead> reads = data_blocks(*table);
    ReadMode mode;
    mode.fill_cache = false;
    read_parts_together(f.fs, reads, mode);
    for (const PartRead& read : reads) {
        CHECK(read.got.is_ok());
        CHECK_FALSE(table->find_part(read.part));
    }
}

TEST_CASE("part reads: a damaged block among neighbours fails alone and is named") {
    Reads f;
    f.build(numbered_entries(800));
    const auto table = f.open_uncached();
    std::vector<PartRead> reads = data_blocks(*table);
    f.fs.corrupt(f.path, reads[1].part.handle.offset + 3);
    read_parts_together(f.fs, reads, {});
    for (size_t i = 0; i < reads.size(); ++i) {
        if (i != 1) CHECK(reads[i].got.is_ok());
    }
    CHECK(reads[1].got.status().is(Code::kCorruption));
    CHECK_THAT(std::string(reads[1].got.status().message()),
               Catch::Contains("offset " + std::to_string(reads[1].part.handle.offset)));
}

TEST_CASE("part reads: an I/O error fails the blocks it hits, neighbours or not") {
    Reads f;
    f.build(numbered_entries(800));
    const auto table = f.open_uncached();
    const std::vector<PartRead> all = data_blocks(*table);
    const uint64_t bad = all[1].part.handle.offset;
    f.fs.set_fault_hook([&](const Operation& operation) {
        const bool hit = operation.kind == OpKind::kRead && operation.offset <= bad &&
                         operation.offset + operation.length > bad;
        return hit ? Fault::kReadEio : Fault::kNone;
    });
    std::vector<PartRead> reads = all;
    SECTION("neighbours") {}
    SECTION("apart") { reads = {all[1], all[3]}; }
    read_parts_together(f.fs, reads, {});
    for (const PartRead& read : reads)
        CHECK(read.got.status().code() ==
              (read.part.handle.offset == bad ? Code::kIoError : Code::kOk));
}

TEST_CASE("part reads: a file that ends early is corruption, as for one read") {
    Reads f;
    f.build(numbered_entries(800));
    const auto table = f.open_uncached();
    std::vector<PartRead> reads = data_blocks(*table);
    auto file = f.fs.open_writable(f.path);
    REQUIRE(file.is_ok());
    REQUIRE((*file)->truncate(reads[2].part.handle.offset + 5).is_ok());
    SECTION("neighbours") {}
    SECTION("apart") { reads.erase(reads.begin() + 1); }
    read_parts_together(f.fs, reads, {});
    CHECK(reads.front().got.is_ok());
    CHECK(reads.back().got.status().is(Code::kCorruption));
    CHECK_THAT(std::string(reads.back().got.status().message()),
               Catch::Contains("the file ends early"));
}
