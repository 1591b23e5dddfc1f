// Fuzzes tables: one block's content under every movement of its cursor; index, filter and
// properties; and whole table files opened, walked both ways, searched and verified.
//
// Input: a mode byte, then by its low bits: 0 a block's content, 1 a table file, 2 the content of
// index, filter, properties, range tombstones and a compressed block, 3 a data block's content that
// is put into a table whose checksums are right, so that the layers above see it.
// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/hash.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/memory_files.h"
#include "kv/assert.h"
#include "record/internal_key.h"
#include "sstable/block.h"
#include "sstable/block_builder.h"
#include "sstable/block_extent.h"
#include "sstable/codec.h"
#include "sstable/filter.h"
#include "sstable/index.h"
#include "sstable/properties.h"
#include "sstable/range_tombstone_block.h"
#include "sstable/table_builder.h"
#include "sstable/table_reader.h"

namespace kv::fuzz {
namespace {

constexpr const char* kPath = "000009.sst";
constexpr uint64_t kNumber = 9;
// What an index alone is taken to cover: three blocks of 100 bytes.
constexpr uint64_t kIndexedBytes = 3 * (100 + sstable::kBlockTrailerBytes);

void probe_block(Bytes content) {
    sstable::BlockIterator it;
    it.reset(content);
    size_t steps = 0;
    size_t bytes_seen = 0;
    for (it.seek_to_first(); it.valid(); it.next()) {
        bytes_seen += it.value().size();
        KV_ASSERT(++steps <= content.size());
    }
    const bool sound = it.problem() == nullptr;
    const bool searchable = sstable::tagged_block_problem(content) == nullptr;
    KV_ASSERT(bytes_seen <= content.size());
    it.reset(content);
    size_t steps_back = 0;
    for (it.seek_to_last(); it.valid(); it.prev()) KV_ASSERT(++steps_back <= content.size());
    if (sound && it.problem() == nullptr && searchable) KV_ASSERT(steps_back == steps);
    for (const char* key : {"", "a", "key005", "key9"}) {
        it.reset(content);
        it.seek(make_seek_key(key, 5));
        if (it.valid()) it.prev();
        if (it.valid()) it.next();
        const sstable::BlockHit hit =
            sstable::find_in_block(content, key, hash64(key), pack_trailer(5, Kind::kPut));
        KV_ASSERT((hit.result == sstable::BlockHit::Result::kProblem) == (hit.problem != nullptr));
    }
}

void probe_table(Bytes file) {
    MemoryFiles files;
    files.files[kPath] = file;
    const auto table = TableReader::open(files, kPath, kNumber, nullptr);
    if (!table.has_value()) {
        KV_ASSERT(table.error().message().find(kPath) != std::string_view::npos);
        return;
    }
    const bool verified = (*table)->verify().is_ok();
    uint64_t forward = 0, backward = 0;
    const auto it = (*table)->new_iterator();
    for (it->seek_to_first(); it->valid(); it->next()) ++forward;
    KV_ASSERT(it->status().is_ok() || !verified);
    for (it->seek_to_last(); it->valid(); it->prev()) ++backward;
    KV_ASSERT(it->status().is_ok() || !verified);
    if (verified) {
        KV_ASSERT(forward == (*table)->properties().entries && backward == forward);
    }
    for (const char* key : {"", "key005", "key9", "nothing"}) {
        it->seek(make_seek_key(key, kMaxSeqno));
        it->seek_for_prev(make_seek_key(key, kMaxSeqno));
        TableGet get;
        const Status status = (*table)->get(key, hash64(key), kMaxSeqno, {}, get);
        KV_ASSERT(status.is_ok() || (status.is(Code::kCorruption) && !get.found));
        KV_ASSERT(status.is_ok() || !verified);
        (void)(*table)->approximate_offset(key);
    }
}

/// Where a block at the front may end: never outside.
void probe_ends(Bytes rest) {
    sstable::BlockEnds ends;
    if (rest.size() >= sstable::kGlanceBytes) (void)sstable::may_begin_block(rest.data());
    sstable::find_tagged_ends(rest, ends);
    sstable::find_compressed_ends(rest, ends);
    sstable::find_properties_ends(rest, ends);
    sstable::PlainBlocks plain(rest);
    plain.find_ends(0, rest.size(), ends);
    KV_ASSERT(ends.count <= sstable::BlockEnds::kMost);
    for (const sstable::BlockEnds::End& end : ends)
        KV_ASSERT(end.size != 0 && end.size + sstable::kBlockTrailerBytes <= rest.size());
    for (size_t offset = 1; offset < rest.size(); ++offset) {
        sstable::BlockEnds later;
        plain.find_ends(offset, rest.size(), later);
        for (const sstable::BlockEnds::End& end : later)
            KV_ASSERT(end.size + sstable::kBlockTrailerBytes <= rest.size() - offset);
    }
}

/// The content as what a codec made, and as range tombstones.
void probe_packed(Bytes content) {
    for (const Codec codec : {Codec::kLz4, Codec::kZstd}) {
        size_t size = 0;
        if (sstable::content_size(codec, content, size) != nullptr || size > (1U << 20)) continue;
        const std::unique_ptr<char[]> out(new char[size]);
        if (sstable::decompress(codec, content, out.get(), size) == nullptr) {
            probe_block({out.get(), size});
        }
    }
    std::vector<RangeTombstone> tombstones;
    if (sstable::decode_range_tombstones(content, tombstones).is_ok()) {
        std::vector<RangeTombstone> again;
        const std::string encoded = sstable::encode_range_tombstones(tombstones);
        KV_ASSERT(sstable::decode_range_tombstones(encoded, again).is_ok());
        KV_ASSERT(again == tombstones && encoded.size() <= content.size());
        TableProperties properties;
        sstable::count_range_tombstones(tombstones, properties);
        KV_ASSERT(compare_internal_keys(properties.smallest, properties.largest) < 0);
        KV_ASSERT(!RangeTombstoneSet::build(std::move(tombstones))->empty());
    }
}

void probe_tail(Bytes content) {
    probe_packed(content);
    probe_ends(content);
    // The same with the trailer of a block behind it.
    for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd, Codec::kPadded}) {
        std::string block(content);
        sstable::append_block_trailer(block, codec, 0);
        probe_ends(block);
    }
    for (const uint32_t version : {1U, 2U}) {
        sstable::Index index;
        if (!index.load(content, version, kIndexedBytes).is_ok()) continue;
        const sstable::IndexView& view = index.view();
        for (const char* key : {"", "key005", "key9"}) {
            KV_ASSERT(view.find(key, pack_trailer(5, Kind::kPut)) <= index.blocks());
        }
        for (size_t i = 0; i < view.blocks(); ++i) {
            (void)view.separator(i);
            KV_ASSERT(view.handle(i).end() <= kIndexedBytes);
        }
    }
    sstable::Index partitioned;
    if (partitioned.load_partitioned(content, 0, kIndexedBytes, kIndexedBytes).is_ok()) {
        KV_ASSERT(partitioned.blocks() >= partitioned.view().blocks());
    }
    sstable::Filter filter;
    if (filter.load(content).is_ok()) {
        for (const char* key : {"", "key005", "key9"}) {
            if (filter.is_partitioned()) {
                KV_ASSERT(filter.piece_of(hash64(key)) < filter.pieces());
            } else {
                (void)filter.may_contain(hash64(key));
            }
        }
    }
    TableProperties properties;
    if (sstable::decode_properties(content, sstable::kTableFormatVersion, properties).is_ok()) {
        TableProperties again;
        const std::string encoded = sstable::encode_properties(properties);
        KV_ASSERT(sstable::decode_properties(encoded, sstable::kTableFormatVersion, again).is_ok());
        KV_ASSERT(again.smallest == properties.smallest && again.entries == properties.entries);
    }
}

std::string table_around(Bytes data_block) {
    std::string file, checksums;
    const auto append_block = [&](Bytes content) {
        const sstable::BlockHandle handle{file.size(), content.size()};
        const uint64_t checksum =
            sstable::block_checksum(content, Codec::kNone, kNumber, file.size());
        file += content;
        sstable::append_block_trailer(file, Codec::kNone, checksum);
        checksums.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
        return handle;
    };
    sstable::Footer footer;
    footer.file_number = kNumber;
    std::string handle;
    sstable::append_index_entry(handle, append_block(data_block).size);
    footer.filter.offset = file.size();
    TableProperties properties;
    properties.entries = 1;
    properties.smallest = make_internal_key("a", 9, Kind::kPut);
    properties.largest = make_internal_key("z", 1, Kind::kPut);
    properties.smallest_seqno = 1;
    properties.largest_seqno = 9;
    properties.data_blocks = 1;
    properties.data_bytes = file.size();
    properties.content_bytes = data_block.size();
    footer.properties = append_block(sstable::encode_properties(properties));
    sstable::BlockBuilder index(1);
    index.add(make_internal_key("\xFF", 1, Kind::kPut), handle);
    footer.index = append_block(index.finish());
    footer.table_checksum = sstable::table_checksum(checksums, kNumber);
    sstable::append_footer(file, footer, file.size());
    return file;
}

std::string key_of(int number) { return "key" + std::to_string(1000 + number).substr(1); }

std::string block_seed(uint32_t restart_interval, int entries,
                       sstable::BlockForm form = sstable::BlockForm::kTagged) {
    sstable::BlockBuilder builder(restart_interval, form);
    for (int i = 0; i < entries; ++i) {
        builder.add(make_internal_key(key_of(i), 5, Kind::kPut),
                    std::string(static_cast<size_t>(i) % 40, 'v'),
                    sstable::tag_of(hash64(key_of(i))));
    }
    return std::string(1, '\0').append(builder.finish());
}

std::string as_mode(char mode, std::string input) {
    input[0] = mode;
    return input;
}

std::string index_seed() {
    sstable::BlockBuilder builder(1);
    for (int i = 0; i < 3; ++i) {
        std::string handle;
        sstable::append_index_entry(handle, 100);
        builder.add(make_internal_key(key_of(i), 5, Kind::kPut), handle);
    }
    const std::string content(builder.finish());
    sstable::Index index;
    KV_ASSERT(index.load(content, 2, kIndexedBytes).is_ok());
    return '\0' + content;
}

std::string packed_seed(Codec codec) {
    sstable::BlockCompressor compressor(codec);
    std::string stored;
    const std::string block = block_seed(16, 100);
    KV_ASSERT(compressor.compress(Bytes(block).substr(1), stored) == codec);
    return '\0' + stored;
}

std::string tombstone_seed() {
    std::vector<RangeTombstone> tombstones = {{"a", "c", 5}, {"b", "d", 4}, {"b", "d", 3}};
    return '\0' + sstable::encode_range_tombstones(tombstones);
}

std::string table_seed(const TableOptions& options, int entries) {
    MemoryFiles files;
    auto builder = TableBuilder::create(files, kPath, kNumber, options);
    KV_ASSERT(builder.has_value());
    for (int i = 0; i < entries; ++i) {
        const Kind kind = i % 5 == 4 ? Kind::kDelete : Kind::kPut;
        const std::string value =
            kind == Kind::kDelete ? "" : std::string(static_cast<size_t>(i) % 40, 'v');
        const Status added = (*builder)->add(make_internal_key(key_of(i), 5, kind), value);
        KV_ASSERT(added.is_ok());
    }
    const Status added = (*builder)->add_range_tombstone({"key003", "key007", 9});
    KV_ASSERT(added.is_ok());
    KV_ASSERT((*builder)->finish().has_value());
    return std::string(1, '\1') + files.files[kPath];
}

}  // namespace

std::vector<std::string> seeds() {
    MemoryFiles forged;
    forged.files[kPath] = table_around(Bytes(block_seed(4, 1)).substr(1));
    KV_ASSERT(TableReader::open(forged, kPath, kNumber, nullptr).has_value());
    TableOptions small;
    small.block_size_bytes = 200;
    small.restart_interval = 3;
    TableOptions packed = small;
    packed.codec = Codec::kLz4;
    packed.block_size_bytes = 1000;
    TableOptions packed_more = packed;
    packed_more.codec = Codec::kZstd;
    TableOptions split = small;
    split.partition_threshold_bytes = 64;
    TableOptions bare = small;
    bare.bloom_bits_per_key = 0;
    sstable::FilterBuilder filter;
    for (uint64_t hash = 1; hash <= 3; ++hash) filter.add(hash);
    TableProperties properties;
    properties.entries = 3;
    properties.smallest = make_internal_key("a", 9, Kind::kPut);
    properties.largest = make_internal_key("b", 8, Kind::kPut);
    return {block_seed(1, 5),
            block_seed(16, 1),
            block_seed(4, 50),
            block_seed(4, 50, sstable::BlockForm::kPlain),
            table_seed(packed, 60),
            table_seed(packed_more, 60),
            as_mode(2, packed_seed(Codec::kLz4)),
            as_mode(2, packed_seed(Codec::kZstd)),
            as_mode(2, block_seed(16, 9)),
            as_mode(2, block_seed(4, 50, sstable::BlockForm::kPlain)),
            as_mode(2, tombstone_seed()),
            table_seed(small, 40),
            table_seed(bare, 20),
            table_seed(split, 60),
            table_seed(TableOptions(), 1),
            std::string(9, '\0'),
            as_mode(3, block_seed(4, 30)),
            as_mode(3, block_seed(16, 9)),
            as_mode(2, index_seed()),
            as_mode(2, '\0' + filter.finish(10)),
            as_mode(2, '\0' + sstable::encode_properties(properties))};
}

}  // namespace kv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace kv;
    if (size < 2) return 0;
    const Bytes rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] & 3) {
        case 0:
            fuzz::probe_block(rest);
            break;
        case 1:
            fuzz::probe_table(rest);
            break;
        case 2:
            fuzz::probe_tail(rest);
            break;
        default:
            fuzz::probe_table(fuzz::table_around(rest));
    }
    return 0;
}
