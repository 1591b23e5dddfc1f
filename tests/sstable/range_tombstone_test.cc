// Range tombstones in tables: kept, counted, inside the bounds; damaged ones are refused.
// SPDX-License-Identifier: Apache-2.0
#include "base/coding.h"
#include "sstable/range_tombstone_block.h"
#include "sstable/table_fixture.h"

using namespace kv;
using namespace kv::test;
using namespace kv::sstable;

namespace {

std::string encode(std::vector<RangeTombstone> tombstones) {
    return encode_range_tombstones(tombstones);
}

Status decode(Bytes content) {
    std::vector<RangeTombstone> out;
    return decode_range_tombstones(content, out);
}

}  // namespace

TEST_CASE("range tombstone block: comes back in order and without doubles") {
    std::vector<RangeTombstone> out;
    const std::vector<RangeTombstone> sorted = {
        {"", "z", 1}, {"a", "b", 9}, {"a", "b", 3}, {"a", "c", 4}, {"b", "c", 5}};
    const std::string content =
        encode({sorted[3], sorted[1], sorted[4], sorted[1], sorted[0], sorted[2]});
    REQUIRE(decode_range_tombstones(content, out).is_ok());
    CHECK(out == sorted);
}

TEST_CASE("range tombstone block: anything else is corruption") {
    const std::string good = encode({{"apple", "banana", 300}, {"b", "c", 7}});
    REQUIRE(decode(good).is_ok());
    for (size_t size = 0; size < good.size(); ++size)
        if (size != encode({{"apple", "banana", 300}}).size())
            CHECK(decode(good.substr(0, size)).is(Code::kCorruption));
    const auto raw = [](Bytes begin, Bytes end, Seqno seqno) {
        std::string bytes;
        put_length_prefixed(bytes, begin);
        put_length_prefixed(bytes, end);
        put_varint64(bytes, seqno);
        return bytes;
    };
    CHECK(decode(raw("b", "b", 1)).is(Code::kCorruption));
    CHECK(decode(raw("b", "a", 1)).is(Code::kCorruption));
    CHECK(decode(raw("a", "b", 0)).is(Code::kCorruption));
    CHECK(decode(raw("a", "b", kMaxSeqno + 1)).is(Code::kCorruption));
    CHECK(decode(raw(std::string(kMaxKeyBytes + 1, 'a'), "b", 1)).is(Code::kCorruption));
    CHECK(decode(raw("a", std::string(kMaxKeyBytes + 2, 'b'), 1)).is(Code::kCorruption));
    // Just behind the longest key.
    CHECK(decode(raw("a", std::string(kMaxKeyBytes, '\xff') + '\0', 1)).is_ok());
    CHECK(decode(raw("a", "b", 1) + raw("a", "b", 1)).is(Code::kCorruption));
    CHECK(decode(raw("a", "b", 1) + raw("a", "b", 2)).is(Code::kCorruption));
    CHECK(decode(raw("b", "c", 1) + raw("a", "b", 2)).is(Code::kCorruption));
}

TEST_CASE("table: range tombstones come back beside the entries and widen the bounds") {
    TableFixture f;
    const EntryList entries = numbered_entries(500);  // key000000 to key000499, seqnos 1 to 500
    const TableProperties built =
        f.build(entries, {}, {{"key000100", "key000200", 700}, {"a", "z", 600}, {"a", "z", 600}});
    const auto table = f.open();
    CHECK(table->verify().to_string() == "ok");
    for (const TableProperties& p : {built, table->properties()}) {
        CHECK(p.entries == 500);
        CHECK(p.range_tombstones == 2);
        CHECK(p.smallest == make_internal_key("a", 600, Kind::kRangeDelete));
        CHECK(p.largest == make_exclusive_bound("z"));
        CHECK(is_exclusive_bound(p.largest));
        CHECK(p.smallest_seqno == 1);
        CHECK(p.largest_seqno == 700);
    }
    const auto& set = table->range_tombstones();
    REQUIRE(set != nullptr);
    CHECK(set->covering("key000150", kMaxSeqno) == 700);
    CHECK(set->covering("key000150", 650) == 600);
    CHECK(set->covering("key000200", kMaxSeqno) == 600);
    CHECK(set->covering("z", kMaxSeqno) == 0);
    CHECK(table->memory_bytes() > set->memory_bytes());
    for (const auto& entry : entries)  // the table itself hides nothing
        require_get(*table, entries, user_key_of(entry.first), kMaxSeqno);
}

TEST_CASE("table: bounds stay those of the entries where these reach further") {
    TableFixture f;
    const EntryList entries = {{make_internal_key("a", 9, Kind::kPut), "v"},
                               {make_internal_key("m", 2, Kind::kPut), "v"}};
    TableProperties p = f.build(entries, {}, {{"a", "m", 5}});
    CHECK(p.smallest == entries[0].first);  // newer, so it sorts first
    CHECK(p.largest == entries[1].first);   // the bound stops short of "m"
    p = f.build(entries, {}, {{"a", "m", 10}});
    CHECK(p.smallest == make_internal_key("a", 10, Kind::kRangeDelete));
    CHECK(f.open()->verify().to_string() == "ok");
    CHECK(f.build(entries).range_tombstones == 0);
    CHECK(f.open()->range_tombstones() == nullptr);
}

TEST_CASE("table: one with nothing but range tombstones is a table") {
    TableFixture f;
    const TableProperties built = f.build({}, {}, {{"b", "d", 5}, {"c", "e", 3}});
    CHECK(built.entries == 0);
    CHECK(built.data_blocks == 0);
    CHECK(built.smallest == make_internal_key("b", 5, Kind::kRangeDelete));
    CHECK(built.largest == make_exclusive_bound("e"));
    CHECK(built.smallest_seqno == 3);
    CHECK(built.largest_seqno == 5);
    const auto table = f.open();
    CHECK(table->verify().to_string() == "ok");
    CHECK(table->range_tombstones()->covering("d", kMaxSeqno) == 3);
    require_get(*table, {}, "c", kMaxSeqno);
    CHECK(table->approximate_offset("c") == 0);
    const auto it = table->new_iterator({false, false, 1U << 16});
    const auto check_empty = [&] {
        CHECK_FALSE(it->valid());
        CHECK(it->status().is_ok());
    };
    it->seek_to_first();
    check_empty();
    it->seek_to_last();
    check_empty();
    it->seek(make_seek_key("c", 5));
    check_empty();
    it->seek_for_prev(make_seek_key("c", 5));
    check_empty();
}

TEST_CASE("table builder: refuses a range tombstone that cannot be, and stays failed") {
    const RangeTombstone bad[] = {{"b", "b", 1}, {"b", "a", 1}, {"a", "b", 0}};
    for (const RangeTombstone& tombstone : bad) {
        TableFixture f;
        auto builder = *TableBuilder::create(f.fs, f.path, 7, {});
        CHECK(builder->add_range_tombstone(tombstone).is(Code::kCorruption));
        CHECK(builder->add_range_tombstone({"a", "b", 1}).is(Code::kCorruption));
        CHECK(builder->abandon().is_ok());
    }
}

TEST_CASE("table: every flipped bit of one with range tombstones and each codec is noticed") {
    EntryList entries = numbered_entries(40, 60);
    for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
        TableFixture f;
        TableOptions options;
        options.codec = codec;
        options.block_size_bytes = 500;
        f.build(entries, options, {{"key000007", "key000009", 99}, {"x", "y", 98}});
        const size_t size = f.file().size();
        for (size_t offset = 0; offset < size; ++offset) {
            CAPTURE(codec_name(codec), offset);
            const auto mask = static_cast<uint8_t>(1 << offset % 8);
            f.fs.corrupt(f.path, offset, mask);
            f.cache.erase_file(TableFixture::kFileNumber);
            const auto table = f.try_open();
            if (table.is_ok()) {
                CHECK(offset < (*table)->data_end());
                CHECK((*table)->verify().is(Code::kCorruption));
            } else {
                CHECK(table.status().is(Code::kCorruption));
            }
            f.fs.corrupt(f.path, offset, mask);
        }
    }
}
