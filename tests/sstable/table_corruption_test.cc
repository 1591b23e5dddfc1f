// Damaged tables: every flipped bit and every truncation is noticed, nothing wrong is ever shown.
// SPDX-License-Identifier: Apache-2.0
#include "base/coding.h"
#include "base/hash.h"
#include "sstable/block_builder.h"
#include "sstable/ordered_block.h"
#include "sstable/properties.h"
#include "sstable/table_fixture.h"

using namespace kv;
using namespace kv::test;
using namespace kv::sstable;

namespace {

/// What a walk shows until it stops, and why it stopped.
EntryList read_all(const TableReader& table, Status& status) {
    EntryList shown;
    const auto it = table.new_iterator();
    for (it->seek_to_first(); it->valid(); it->next())
        shown.emplace_back(std::string(it->key()), std::string(it->value()));
    status = it->status();
    return shown;
}

/// A table put together by hand around one data block, with every checksum right.
std::string forge(Bytes data, const TableProperties& properties, Bytes separator) {
    constexpr uint64_t kNumber = TableFixture::kFileNumber;
    std::string out, checksums;
    const auto block = [&](Bytes content) {
        const BlockHandle handle{out.size(), content.size()};
        const uint64_t checksum = block_checksum(content, Codec::kNone, kNumber, out.size());
        put_fixed64(checksums, checksum);
        out.append(content);
        append_block_trailer(out, Codec::kNone, checksum);
        return handle;
    };
    BlockBuilder index(16);
    std::string place;
    append_index_entry(place, block(data).size);
    index.add(separator, place);
    Footer footer;
    footer.file_number = kNumber;
    footer.filter = {out.size(), 0};
    TableProperties stored = properties;
    stored.data_bytes = out.size();
    footer.properties = block(encode_properties(stored));
    footer.index = block(index.finish());
    footer.table_checksum = table_checksum(checksums, kNumber);
    append_footer(out, footer, out.size());
    return out;
}

std::string block_of(const EntryList& entries, BlockForm form = BlockForm::kTagged) {
    BlockBuilder builder(16, form);
    for (const auto& [key, value] : entries)
        builder.add(key, value, tag_of(hash64(user_key_of(key))));
    return std::string(builder.finish());
}

TableProperties properties_of(const EntryList& entries) {
    TableProperties p;
    p.entries = entries.size();
    p.smallest = entries.front().first;
    p.largest = entries.back().first;
    p.smallest_seqno = 1;
    p.largest_seqno = 2;
    p.data_blocks = 1;
    for (const auto& [key, value] : entries) {
        p.raw_key_bytes += key.size();
        p.raw_value_bytes += value.size();
    }
    return p;
}

}  // namespace

TEST_CASE("table corruption: every flipped bit gives an error, never wrong content") {
    TableFixture f;
    TableOptions options;
    options.block_size_bytes = 100;
    const EntryList entries = numbered_entries(30);
    f.build(entries, options);
    const std::string good = f.file();
    for (size_t offset = 0; offset < good.size(); ++offset) {
        CAPTURE(offset);
        const auto mask = static_cast<uint8_t>(1 << offset % 8);
        f.fs.corrupt(f.path, offset, mask);
        f.cache.erase_file(TableFixture::kFileNumber);
        const auto table = f.try_open();
        if (!table.is_ok()) {
            CHECK(table.status().is(Code::kCorruption));
            CHECK_THAT(std::string(table.status().message()), Catch::Contains(f.path));
        } else {
            CHECK(offset < (*table)->properties().data_bytes);
            CHECK((*table)->verify().is(Code::kCorruption));
            Status status;
            const EntryList shown = read_all(**table, status);
            CHECK(status.is(Code::kCorruption));
            CHECK_THAT(std::string(status.message()), Catch::Contains(f.path));
            CHECK(std::equal(shown.begin(), shown.end(), entries.begin()));
            size_t failed = 0;
            for (const auto& [key, value] : entries) {
                TableGet got;
                if (get(**table, user_key_of(key), kMaxSeqno, got).is_ok()) {
                    REQUIRE((got.found && got.value == value));
                } else {
                    ++failed;
                }
            }
            CHECK(failed > 0);
        }
        f.fs.corrupt(f.path, offset, mask);
    }
    CHECK(f.open()->verify().is_ok());
}

TEST_CASE("table corruption: a table cut off anywhere does not open") {
    TableFixture f;
    TableOptions options;
    options.block_size_bytes = 200;
    f.build(numbered_entries(20), options);
    const std::string good = f.file();
    for (size_t size = 0; size < good.size(); ++size) {
        f.fs.write_file(f.path, good.substr(0, size));
        REQUIRE(f.try_open().status().is(Code::kCorruption));
    }
    f.fs.write_file(f.path, good + "x");
    CHECK(f.try_open().status().is(Code::kCorruption));
}

TEST_CASE("table corruption: a checksum failure names file, offset and both checksums") {
    TableFixture f;
    TableOptions options;
    options.block_size_bytes = 100;
    const EntryList entries = numbered_entries(30);
    f.build(entries, options);
    const auto table = f.open();
    const BlockHandle second = table->index().view().handle(1);
    f.fs.corrupt(f.path, second.offset + 3);
    TableGet got;
    REQUIRE(get(*table, user_key_of(entries[0].first), kMaxSeqno, got).is_ok());
    const auto it = table->new_iterator();
    it->seek_to_first();
    while (it->valid()) it->next();
    CHECK_THAT(std::string(it->status().message()),
               Catch::Contains(f.path) &&
                   Catch::Contains("offset " + std::to_string(second.offset)) &&
                   Catch::Contains("expected") && Catch::Contains("found"));
    it->seek_to_last();  // the rest of the table goes on working
    CHECK(it->valid());
    CHECK(it->status().is_ok());
}

TEST_CASE("table corruption: another table in the place of this one is noticed") {
    TableFixture f;
    const TableProperties built = f.build(numbered_entries(30));
    f.fs.write_file("db/000008.sst", f.file());
    const auto renamed = TableReader::open(f.fs, "db/000008.sst", 8, nullptr);
    CHECK(renamed.status().is(Code::kCorruption));
    CHECK_THAT(std::string(renamed.status().message()), Catch::Contains("written as table 7"));
    CHECK(f.try_open({built.size_bytes, built.checksum}).is_ok());
    CHECK(f.try_open({built.size_bytes + 1, 0}).status().is(Code::kCorruption));
    CHECK(f.try_open({0, built.checksum + 1}).status().is(Code::kCorruption));
    CHECK(TableReader::open(f.fs, "db/000009.sst", 9, nullptr).status().is(Code::kNotFound));
}

TEST_CASE("table corruption: entries that are wrong under a right checksum are refused") {
    const std::string a = make_internal_key("a", 1, Kind::kPut);
    const std::string b = make_internal_key("b", 2, Kind::kPut);
    const EntryList good = {{a, "v"}, {b, "w"}};
    TableFixture f;
    f.fs.write_file(f.path, forge(block_of(good), properties_of(good), b));
    REQUIRE(f.open()->verify().to_string() == "ok");

    const auto first_problem = [&](const std::string& bytes, bool reads_fail) {
        f.fs.write_file(f.path, bytes);
        f.cache.erase_file(TableFixture::kFileNumber);
        const auto table = f.open();
        CHECK(table->verify().is(Code::kCorruption));
        Status walk;
        read_all(*table, walk);
        CHECK(walk.is(Code::kCorruption) == reads_fail);
        TableGet got;
        const Status point = get(*table, "a", kMaxSeqno, got);
        CHECK(point.is(Code::kCorruption) == reads_fail);
    };
    const EntryList unknown = {{make_internal_key("a", 1, static_cast<Kind>(9)), "v"}};
    first_problem(forge(block_of(unknown), properties_of(unknown), b), true);
    const EntryList no_expiry = {{make_internal_key("a", 1, Kind::kPutWithExpiry), "v"}};
    first_problem(forge(block_of(no_expiry), properties_of(no_expiry), b), true);
    first_problem(forge("no block at all", properties_of(good), b), true);
    // A form that blocks have in memory only.
    EntryList several;
    for (const char letter : {'a', 'b', 'c', 'd', 'e'})
        several.emplace_back(make_internal_key(std::string(1, letter), 2, Kind::kPut), "v");
    const std::string tagged = block_of(several);
    std::string ordered(ordered_size(tagged), '\0');
    REQUIRE(order_block(tagged, ordered.data()));
    first_problem(forge(ordered, properties_of(several), several.back().first), true);
    // Also where a walk reads ahead.
    std::string stored = ordered;
    append_block_trailer(stored, Codec::kNone,
                         block_checksum(ordered, Codec::kNone, TableFixture::kFileNumber, 0));
    CHECK(f.open()->unpack_block(stored, 0).status().is(Code::kCorruption));
    // What only the full check sees.
    const EntryList disordered = {{b, "w"}, {a, "v"}};
    first_problem(forge(block_of(disordered), properties_of(good), b), false);
    first_problem(forge(block_of(good), properties_of({good[0]}), b), false);
    first_problem(forge(block_of(good), properties_of(good), a), false);
    TableProperties longer = properties_of(good);
    ++longer.raw_key_bytes;
    first_problem(forge(block_of(good), longer, b), false);
    // The form that only tables of version 1 have.
    first_problem(forge(block_of(good, BlockForm::kPlain), properties_of(good), b), false);
}

TEST_CASE("table corruption: what cannot be read ahead of a walk does not hide what is before it") {
    TableFixture f;
    TableOptions options;
    options.block_size_bytes = 512;
    const EntryList entries = numbered_entries(400);
    f.build(entries, options);
    const auto table = TableReader::open(f.fs, f.path, TableFixture::kFileNumber, nullptr);
    REQUIRE(table.is_ok());
    ReadMode mode;
    mode.readahead_bytes = 64U << 10;
    // Where the block begins that cannot be read.
    const uint64_t bad = (*table)->approximate_offset(user_key_of(entries[200].first));
    const auto is_bad = [&](const Operation& operation) {
        return operation.kind == OpKind::kRead && operation.offset <= bad &&
               bad < operation.offset + operation.length;
    };
    f.fs.set_fault_hook([&](const Operation& operation) {
        return is_bad(operation) ? Fault::kReadEio : Fault::kNone;
    });
    const auto it = (*table)->new_iterator(mode);
    size_t seen = 0;
    for (it->seek_to_first(); it->valid(); it->next()) REQUIRE(it->key() == entries[seen++].first);
    CHECK(it->status().is(Code::kIoError));
    size_t from_end = entries.size();
    for (it->seek_to_last(); it->valid(); it->prev())
        REQUIRE(it->key() == entries[--from_end].first);
    CHECK(it->status().is(Code::kIoError));
    // Nothing is missing but one block.
    constexpr size_t kMostInBlock = 20;
    CHECK(seen <= 200);
    CHECK(from_end > 200);
    CHECK(from_end - seen <= kMostInBlock);
}

TEST_CASE("table corruption: an unknown codec is refused by name") {
    TableFixture f;
    f.build(numbered_entries(3));
    const auto table = f.open();
    std::string stored = "content";
    constexpr auto kFromTheFuture = static_cast<Codec>(4);
    append_block_trailer(stored, kFromTheFuture, block_checksum(stored, kFromTheFuture, 7, 0));
    const Status status = table->verify_block(stored, 0);
    CHECK(status.is(Code::kUnsupported));
    CHECK_THAT(std::string(status.message()),
               Catch::Contains("codec 4") && Catch::Contains("up to 3"));
}
