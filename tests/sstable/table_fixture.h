// A table on a simulated disk: build it from entries, open it, damage it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/hash.h"
#include "iterator/entry_list.h"
#include "sstable/table_builder.h"
#include "sstable/table_reader.h"
#include "support/crash_file_system.h"

namespace kv::test {

inline EntryList numbered_entries(size_t count, size_t value_bytes = 20) {
    EntryList entries;
    for (size_t i = 0; i < count; ++i) {
        std::string digits = std::to_string(i);
        const std::string key = "key" + std::string(6 - digits.size(), '0') + digits;
        entries.emplace_back(make_internal_key(key, i + 1, Kind::kPut),
                             std::string(value_bytes, static_cast<char>('a' + i % 26)));
    }
    return entries;
}

struct TableFixture {
    static constexpr uint64_t kFileNumber = 7;
    const std::string path = "db/000007.sst";

    TableFixture() { REQUIRE(fs.create_dir("db").is_ok()); }

    TableProperties build(const EntryList& entries, const TableOptions& options = {},
                          const std::vector<RangeTombstone>& tombstones = {}) {
        auto builder = TableBuilder::create(fs, path, kFileNumber, options);
        REQUIRE(builder.is_ok());
        for (const RangeTombstone& tombstone : tombstones)
            REQUIRE((*builder)->add_range_tombstone(tombstone).is_ok());
        for (const auto& [key, value] : entries) REQUIRE((*builder)->add(key, value).is_ok());
        auto properties = (*builder)->finish();
        REQUIRE(properties.is_ok());
        return *properties;
    }
    Result<std::shared_ptr<TableReader>> try_open(const TableExpectation& expected = {}) {
        return TableReader::open(fs, path, kFileNumber, &cache, expected);
    }
    std::shared_ptr<TableReader> open() {
        auto table = try_open();
        REQUIRE(table.status().to_string() == "ok");
        return *table;
    }
    std::string file() const { return *fs.read_file(path); }

    CrashFileSystem fs;
    BlockCache cache{1 << 20};
};

inline Status get(const TableReader& table, Bytes key, Seqno seqno, TableGet& out,
                  const ReadMode& mode = {}) {
    return table.get(key, hash64(key), seqno, mode, out);
}

/// What a get of (key, seqno) must give.
inline void require_get(const TableReader& table, const EntryList& entries, Bytes key,
                        Seqno seqno) {
    const size_t at = entry_at_or_after(entries, make_seek_key(key, seqno));
    const bool there = at < entries.size() && user_key_of(entries[at].first) == key;
    TableGet got;
    REQUIRE(get(table, key, seqno, got).to_string() == "ok");
    REQUIRE(got.found == there);
    if (!there) return;
    REQUIRE(pack_trailer(got.seqno, got.kind) == trailer_of(entries[at].first));
    REQUIRE(got.value == entries[at].second);
}

}  // namespace kv::test
